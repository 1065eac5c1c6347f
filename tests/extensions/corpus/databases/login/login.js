function login(email, password, callback) {
  // The foreign user table is reached through a small HTTP service.
  const bcrypt = require('bcrypt');
  const request = require('request');

  request.get({ url: configuration.USERS_URL + '/users', qs: { email: email }, json: true }, function (err, response, body) {
    if (err) return callback(err);
    if (response.statusCode === 404) return callback(new WrongUsernameOrPasswordError());
    if (response.statusCode !== 200) return callback(new Error('the user table answered ' + response.statusCode));

    bcrypt.compare(password, body.hash, function (err, isValid) {
      if (err) return callback(err);
      if (!isValid) return callback(new WrongUsernameOrPasswordError(email, 'wrong password'));

      callback(null, {
        user_id: body.id,
        email: body.email,
        email_verified: body.verified,
        name: body.name,
        nickname: body.email.split('@')[0]
      });
    });
  });
}
