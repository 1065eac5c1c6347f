exports.onExecutePostLogin = async (event, api) => {
  const day = 24 * 60 * 60 * 1000;
  api.refreshToken.setExpiresAt(4102444800000);
  api.refreshToken.setIdleExpiresAt(4102444800000 - day);
  api.refreshToken.setMetadata('device', 'kiosk');
  api.refreshToken.deleteMetadata('shop');
  if (event.user.app_metadata.plan !== 'gold') api.refreshToken.evictMetadata();
};
