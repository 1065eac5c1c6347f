exports.onExecutePostLogin = async (event, api) => {
  api.redirect.sendUserTo('javascript:alert(1)');
};
