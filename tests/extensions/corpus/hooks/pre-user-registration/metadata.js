module.exports = function (user, context, cb) {
  var response = {};
  if (context.webtask.secrets.BLOCKED.split(',').indexOf(user.email) !== -1) {
    return cb(new PreUserRegistrationError('blocked ' + user.email, 'You cannot sign up here.'));
  }
  response.user = {
    user_metadata: { source: 'hook' },
    app_metadata: { vip: true }
  };
  cb(null, response);
};
