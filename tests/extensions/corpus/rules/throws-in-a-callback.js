function (user, context, callback) {
  setTimeout(function () {
    callback(null, user, context.missing.member);
  }, 1);
}
