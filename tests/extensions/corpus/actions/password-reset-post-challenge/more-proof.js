exports.onExecutePostChallenge = async (event, api) => {
  if (event.user.app_metadata.plan === 'gold') api.authentication.challengeWith({ type: 'otp' });
  else if (event.user.app_metadata.plan === 'silver') api.authentication.challengeWithAny([{ type: 'otp' }, { type: 'email' }]);
  else api.redirect.sendUserTo('https://proof.example.com/', { query: { who: event.user.user_id } });
};

exports.onContinuePostChallenge = async (event, api) => {
  const { passed } = api.redirect.validateToken({ secret: event.secrets.KEY });
  if (!passed) return api.access.deny('not proven');
  api.transaction.setResultUrl('https://shop.example.com/welcome');
};
