function (user, context, callback) {
  callback(new Error('the rule does not want this'), user, context);
}
