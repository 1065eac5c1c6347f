exports.onExecutePostLogin = async (event, api) => {
  const known = event.request.geoip.countryCode === 'DE';
  if (known) api.multifactor.enable('any', { allowRememberBrowser: true });
  else api.multifactor.enable('duo', { providerOptions: { host: 'api-1.duo.example.com', ikey: 'i', skey: 's', username: event.user.nickname } });
};
