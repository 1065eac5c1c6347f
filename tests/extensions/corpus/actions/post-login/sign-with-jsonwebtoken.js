const jwt = require('jsonwebtoken');
const { createHash } = require('crypto');

exports.onExecutePostLogin = async (event, api) => {
  const token = jwt.sign({ sub: event.user.user_id }, event.secrets.KEY, { algorithm: 'HS256', noTimestamp: true });
  console.log(jwt.verify(token, event.secrets.KEY).sub);
  api.idToken.setCustomClaim('gravatar', createHash('md5').update(event.user.email).digest('hex'));
};
