exports.onExecutePreUserRegistration = async (event, api) => {
  api.access.deny('only for the log');
};
