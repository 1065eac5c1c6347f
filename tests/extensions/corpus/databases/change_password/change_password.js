function changePassword(email, newPassword, callback) {
  const bcrypt = require('bcrypt');
  const request = require('request');

  bcrypt.hash(newPassword, 4, function (err, hash) {
    if (err) return callback(err);
    request.patch({ url: configuration.USERS_URL + '/users', qs: { email: email }, json: { hash: hash } }, function (err, response) {
      if (err) return callback(err);
      callback(null, response.statusCode === 200);
    });
  });
}
