exports.onExecuteCustomTokenExchange = async (event, api) => {
  const deep = (levels) => ({ sub: `s${levels}`, ...(levels > 1 && { act: deep(levels - 1) }) });
  const attempts = [
    () => api.authentication.setUserByConnection('Partners', { email: 'x' }),
    () => api.authentication.setUserByConnection('Partners', { user_id: 'x', admin: true }),
    () => api.authentication.setUserByConnection('Partners', { user_id: 'x' }, { creationBehavior: 'always' }),
    () => api.authentication.setActor({ name: 'x' }),
    () => api.authentication.setActor(deep(6)),
    () => api.authentication.setUserById(''),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      console.log(error.message);
    }
  }
  api.authentication.setActor(deep(5));
  api.access.deny('invalid_request', 'enough');
};
