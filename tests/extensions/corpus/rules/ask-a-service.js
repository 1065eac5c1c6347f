function (user, context, callback) {
  request.post({
    url: configuration.SERVICE + '/echo',
    json: { email: user.email },
    headers: { Authorization: 'Basic ' + Buffer.from('a:b').toString('base64') },
    timeout: 5000
  }, function (err, response, body) {
    if (err) return callback(err);
    if (response.statusCode !== 200) return callback(new Error('status ' + response.statusCode));
    context.idToken['https://shop.example.com/crm'] = body.body.email;
    callback(null, user, context);
  });
  const request = require('request');
}
