exports.onExecutePostLogin = async (event, api) => {
  for (const options of [{}, { secret: '' }, { secret: 's', expiresInSeconds: 0 }, { secret: 's', payload: 'x' }, { secret: 's', algorithm: 'none' }]) {
    try {
      api.redirect.encodeToken(options);
    } catch (error) {
      console.log(error.message);
    }
  }
};
