exports.onExecuteCustomEmailProvider = async (event, api) => {
  const { to, subject } = event.notification;
  if (to.endsWith('@blocked.example.com')) return api.notification.drop('the address is blocked');
  const response = await fetch(`${event.secrets.SERVICE}/${event.secrets.PATH}`, { method: 'POST', body: JSON.stringify({ to, subject }) });
  if (response.status >= 400) return api.notification.retry(`the gateway said ${response.status}`);
  console.log((await response.json()).body.subject);
};
