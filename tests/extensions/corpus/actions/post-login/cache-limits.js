exports.onExecutePostLogin = async (event, api) => {
  const { cache } = api;
  console.log(cache.set('k'.repeat(65), 'v').code);
  console.log(cache.set('k', 'v'.repeat(4097)).code);
  console.log(cache.set('k', 'v', { ttl: -1 }).code, cache.set('k', 'v', { expires_at: 'soon' }).code);
  console.log(cache.set('k', 'v', { expires_at: 1 }).code, cache.set('k', 'v', { ttl: 0 }).code);
  console.log(cache.delete('nothing').code);
  cache.set('large-1', 'v'.repeat(4000));
  console.log(cache.set('large-2', 'v'.repeat(4096)).type, cache.set('large-3', 'v'.repeat(4000)).code);
  console.log(api.cache.delete('large-1').type, cache.get('large-1'), cache.set('large-3', 'v'.repeat(4000)).type);
  for (let i = 0; i < 20; ++i) cache.set('n', String(i));
  console.log(cache.set('n', 'more').code, cache.get('n').value);
};
