exports.onExecuteEventStream = async (event, api) => {
  const { type, data } = event.message;
  if (api.cache.get(event.message.id)) return;
  console.log(type, data.object.user_id);
  api.cache.set(event.message.id, 'seen');
};
