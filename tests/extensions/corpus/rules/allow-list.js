function userAllowList(user, context, callback) {
  // Only people whose address was verified may get in.
  if (!user.email || !user.email_verified) {
    return callback(new UnauthorizedError('Access denied.'));
  }

  const allowed = configuration.ALLOWED.split(' ');
  if (allowed.indexOf(user.email) === -1) {
    return callback(new UnauthorizedError(user.email + ' is not on the list.'));
  }

  callback(null, user, context);
}
