function create(user, callback) {
  const bcrypt = require('bcrypt');
  const request = require('request');

  bcrypt.hash(user.password, 4, function (err, hash) {
    if (err) return callback(err);
    request.post({ url: configuration.USERS_URL + '/users', json: { email: user.email, hash: hash } }, function (err, response) {
      if (err) return callback(err);
      if (response.statusCode === 409) return callback(new ValidationError('user_exists', 'There is a user with this address.'));
      callback(null);
    });
  });
}
