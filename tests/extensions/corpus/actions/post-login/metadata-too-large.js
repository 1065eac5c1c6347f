exports.onExecutePostLogin = async (event, api) => {
  api.user.setUserMetadata('notes', 'x'.repeat(20000));
  api.user.setAppMetadata('notes', 'x'.repeat(20000));
  api.user.setUserMetadata('more', 'x'.repeat(20000));
};
