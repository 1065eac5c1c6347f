exports.onExecutePreUserRegistration = async () => {};
