exports.onExecutePostLogin = async (event, api) => {
  const attempts = [
    () => api.authentication.challengeWith('otp'),
    () => api.authentication.challengeWith({ type: 'retina' }),
    () => api.authentication.challengeWith({ type: 'phone', options: { preferredMethod: 'pigeon' } }),
    () => api.authentication.challengeWith({ type: 'otp' }, { additionalFactors: 'email' }),
    () => api.authentication.challengeWithAny([]),
    () => api.authentication.enrollWith({ type: 'email' }),
    () => api.multifactor.enable('sms'),
    () => api.multifactor.enable('any', { allowRememberBrowser: 'yes' }),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      console.log(error.message);
    }
  }
};
