function redirectForConsent(user, context, callback) {
  const jwt = require('jsonwebtoken@7.1.9');

  if (context.protocol === 'redirect-callback') {
    const answer = context.request.query.confirm;
    if (answer !== 'yes') return callback(new UnauthorizedError('You have to agree.'));
    context.idToken['https://shop.example.com/consent'] = true;
    return callback(null, user, context);
  }

  const token = jwt.sign({ sub: user.user_id }, configuration.SECRET, { expiresIn: 600 });
  context.redirect = { url: 'https://consent.example.com/?token=' + token };
  return callback(null, user, context);
}
