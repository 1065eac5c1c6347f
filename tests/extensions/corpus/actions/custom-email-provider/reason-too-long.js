exports.onExecuteCustomEmailProvider = async (event, api) => {
  api.notification.drop('x'.repeat(1025));
};
