exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.email_verified) api.validation.error('email_not_verified', 'Please verify your address first.');
};
