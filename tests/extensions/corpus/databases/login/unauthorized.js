function login(email, password, callback) {
  callback(new UnauthorizedError('the account is closed'));
}
