exports.onExecutePostLogin = async (event, api) => {
  api.idToken.setCustomClaim('before', true);
  throw new Error('the CRM said no');
};
