exports.onExecutePostLogin = async (event, api) => {
  const attempts = [
    () => api.samlResponse.setAttribute('n'.repeat(1025), 'v'),
    () => api.samlResponse.setAttribute('n', 'v'.repeat(2049)),
    () => api.samlResponse.setAttribute('n', { a: 1 }),
    () => api.samlResponse.setAudience('a'.repeat(2049)),
    () => api.samlResponse.setNameIdentifierProbes(Array(11).fill('p')),
    () => api.samlResponse.setSignatureAlgorithm('md5'),
    () => api.samlResponse.setLifetimeInSeconds(0),
    () => api.samlResponse.setKey('k'.repeat(4097)),
    () => { for (let i = 0; i < 6; ++i) api.samlResponse.setAttribute(`n${i}`, 'v'.repeat(2000)); },
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      console.log(error.message);
    }
  }
};
