function verify(email, callback) {
  const request = require('request');
  request.patch({ url: configuration.USERS_URL + '/users', qs: { email: email }, json: { verified: true } }, function (err, response) {
    if (err) return callback(err);
    callback(null, response.statusCode === 200);
  });
}
