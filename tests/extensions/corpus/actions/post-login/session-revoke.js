exports.onExecutePostLogin = async (event, api) => {
  const { options } = event.client.metadata;
  api.session.revoke('suspicious', options);
};
