exports.onExecutePostLogin = async (event, api) => {
  api.access.allow();
};
