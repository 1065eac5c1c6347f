function remove(id, callback) {
  const request = require('request');
  request.del({ url: configuration.USERS_URL + '/users', qs: { id: id } }, function (err, response) {
    if (err) return callback(err);
    if (response.statusCode >= 400) return callback(new Error('the user table answered ' + response.statusCode));
    callback(null);
  });
}
