exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.enrolledFactors.length) {
    api.authentication.challengeWith({ type: 'phone', options: { preferredMethod: 'sms' } }, { additionalFactors: [{ type: 'email' }, { type: 'push', options: { otpFallback: true } }] });
  }
};
