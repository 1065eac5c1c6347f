exports.onExecutePostLogin = async (event, api) => {
  api.accessToken.addScope('read orders');
};
