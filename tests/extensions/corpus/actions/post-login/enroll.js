exports.onExecutePostLogin = async (event, api) => {
  if (event.stats.logins_count > 2) api.authentication.enrollWith({ type: 'otp' }, { additionalFactors: [{ type: 'webauthn-platform' }] });
  else api.authentication.enrollWithAny([{ type: 'otp' }, { type: 'phone' }]);
};
