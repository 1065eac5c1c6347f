exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('', event.user.email);
};
