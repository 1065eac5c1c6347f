function (user, context, callback) {
  const completed = context.authentication.methods.find((method) => method.name === 'mfa');
  if (context.authorization.roles.includes('admin') && !completed) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}
