exports.onExecutePostLogin = async (event, api) => {
  api.cache.set('count', 1);
};
