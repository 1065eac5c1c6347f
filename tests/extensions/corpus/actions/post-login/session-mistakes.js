exports.onExecutePostLogin = async (event, api) => {
  const attempts = [
    () => api.session.setExpiresAt('2099-01-01'),
    () => api.session.setExpiresAt(0),
    () => api.session.setIdleExpiresAt(NaN),
    () => api.session.setCookieMode('forever'),
    () => api.session.setMetadata('count', 1),
    () => api.session.setMetadata('k'.repeat(256), 'v'),
    () => api.refreshToken.setMetadata('k', 'v'.repeat(256)),
    () => api.refreshToken.setExpiresAt(new Date()),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      console.log(error.message);
    }
  }
};
