exports.onExecutePostLogin = async (event, api) => {
  console.log(api.cache.set('one-more', 'v').code, api.cache.set('key-0', 'replaced').type);
  console.log(api.cache.set('long-lived', 'v', { ttl: 7 * 24 * 60 * 60 * 1000 }).code);
};
