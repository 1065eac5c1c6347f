exports.onExecuteCustomPhoneProvider = async (event, api) => {
  const { delivery_method, recipient, as_text, as_voice } = event.notification;
  const sent = api.cache.get(recipient);
  if (sent) return api.notification.retry('one message a minute');
  api.cache.set(recipient, 'sent', { ttl: 60000 });
  console.log(delivery_method === 'voice' ? as_voice : as_text);
};
