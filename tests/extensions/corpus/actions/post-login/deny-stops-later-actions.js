exports.onExecutePostLogin = async (event, api) => {
  api.user.setUserMetadata('denied', true);
  api.access.deny('not today');
  api.idToken.setCustomClaim('late', true);
};
