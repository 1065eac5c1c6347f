/**
 * Adds the roles and a preference of the user to both tokens.
 */
exports.onExecutePostLogin = async (event, api) => {
  const namespace = 'https://shop.example.com';
  if (event.authorization) {
    api.idToken.setCustomClaim(`${namespace}/roles`, event.authorization.roles);
    api.accessToken.setCustomClaim(`${namespace}/roles`, event.authorization.roles);
  }
  api.idToken.setCustomClaim(`${namespace}/size`, event.user.user_metadata.shoe_size);
  api.accessToken.setCustomClaim('plan', event.user.app_metadata.plan);
};
