exports.onExecutePostLogin = async (event, api) => {
  const factors = ['otp', 'webauthn-roaming', 'webauthn-platform', 'recovery-code'].map((type) => ({ type }));
  api.authentication.challengeWithAny(factors);
};
