exports.onExecutePostLogin = async (event, api) => {
  const rights = { read: true };
  api.accessToken.setCustomClaim('rights', rights);
  rights.write = true;
};
