exports.onExecutePreUserRegistration = async (event, api) => {
  const seen = api.cache.get(event.request.ip);
  api.cache.set(event.request.ip, String(Number(seen?.value ?? 0) + 1), { ttl: 60000 });
  if (event.user.username.length < 5) api.validation.error('invalid_username', 'A name has five letters or more.');
};
