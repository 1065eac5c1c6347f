exports.onExecutePostLogin = async (event, api) => {
  api.session.setExpiresAt(Date.UTC(2099, 0, 1));
  api.session.setIdleExpiresAt(Date.UTC(2098, 0, 1));
  api.session.setCookieMode('non-persistent');
  api.session.setMetadata('shop', event.client.name);
  api.session.deleteMetadata('old');
  api.session.evictMetadata();
};
