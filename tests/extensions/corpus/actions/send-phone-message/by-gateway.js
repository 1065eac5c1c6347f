exports.onExecuteSendPhoneMessage = async (event) => {
  const { recipient, text } = event.message_options;
  const body = new URLSearchParams({ To: recipient, Body: text });
  const response = await fetch(`${event.secrets.SERVICE}/echo`, { method: 'POST', body });
  console.log((await response.json()).body.To);
};
