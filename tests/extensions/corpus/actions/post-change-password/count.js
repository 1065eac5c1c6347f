exports.onExecutePostChangePassword = async (event, api) => {
  const key = `changes-${event.connection.id}`;
  api.cache.set(key, String(Number(api.cache.get(key)?.value ?? 0) + 1));
  console.log(event.user.email, event.connection.name);
};
