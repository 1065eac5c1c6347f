exports.onExecuteCredentialsExchange = async (event, api) => {
  api.idToken.setCustomClaim('a', 1);
};
