module.exports = async function (recipient, text, context, cb) {
  const response = await fetch(context.webtask.secrets.SERVICE + '/echo', { method: 'POST', body: JSON.stringify({ recipient, text }) });
  const { body } = await response.json();
  console.log(body.recipient, context.message_type, context.action);
  cb(null, {});
};
