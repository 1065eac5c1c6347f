/**
 * Fetches a token of a partner once and keeps it while it is valid.
 */
exports.onExecutePostLogin = async (event, api) => {
  let token = api.cache.get('partner-token')?.value;
  if (!token) {
    token = 'fresh';
    const result = api.cache.set('partner-token', token, { ttl: 60 * 1000 });
    if (result.type === 'error') console.warn('not kept:', result.code);
    else console.log(Object.keys(result.record).join());
  }
  api.accessToken.setCustomClaim('partner', token);
};
