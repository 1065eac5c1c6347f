function (user, context, callback) {
  const request = require('request');
  const _ = require('lodash@4.17.10');

  request.post({
    url: configuration.SERVICE + '/echo',
    json: _.pick(user, ['email']),
    timeout: 5000
  }, function (err, response, body) {
    if (err) return callback(err);
    context.idToken['https://shop.example.com/crm'] = body.body.email;
    callback(null, user, context);
  });
}
