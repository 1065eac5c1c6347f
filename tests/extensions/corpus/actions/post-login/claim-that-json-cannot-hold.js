exports.onExecutePostLogin = async (event, api) => {
  const circle = { email: event.user.email };
  circle.self = circle;
  api.accessToken.setCustomClaim('circle', circle);
};
