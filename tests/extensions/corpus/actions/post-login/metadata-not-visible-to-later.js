exports.onExecutePostLogin = async (event, api) => {
  api.user.setUserMetadata('color', 'green');
  api.transaction.setMetadata('color', 'green');
  event.user.user_metadata.color = 'red';
};
