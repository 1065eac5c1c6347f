exports.onExecutePreUserRegistration = async (event, api) => {
  if (event.user.email.endsWith('@mailinator.com')) {
    return api.access.deny('disposable address', 'Please use another address.');
  }
  api.user.setUserMetadata('source', event.client.name);
  api.user.setAppMetadata('screened', true);
};
