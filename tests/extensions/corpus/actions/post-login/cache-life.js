exports.onExecutePostLogin = async (event, api) => {
  api.cache.set('long', 'v', { ttl: 7 * 24 * 60 * 60 * 1000 });
  api.cache.set('earlier', 'v', { ttl: 10000, expires_at: Date.now() + 5000 });
};
