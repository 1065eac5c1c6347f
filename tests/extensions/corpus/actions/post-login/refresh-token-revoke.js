exports.onExecutePostLogin = async (event, api) => {
  if (event.request.geoip.countryCode !== event.refresh_token.metadata.country) api.refreshToken.revoke('moved to another country');
};
