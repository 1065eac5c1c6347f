function (user, context, callback) {
  callback('not an Error object');
}
