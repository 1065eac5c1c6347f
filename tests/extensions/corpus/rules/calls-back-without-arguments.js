function (user, context, callback) {
  user.nickname = 'changed';
  callback();
}
