exports.onExecutePostLogin = async (event, api) => {
  console.log(api.redirect.canRedirect());
};
