exports.onExecuteCustomTokenExchange = async (event, api) => {
  api.authentication.setUserById('auth0|1');
  api.authentication.setUserByConnection('Partners', { user_id: 'p1' });
};
