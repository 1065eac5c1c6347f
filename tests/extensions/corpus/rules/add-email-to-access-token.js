function (user, context, callback) {
  const namespace = 'https://shop.example.com/';
  context.accessToken[namespace + 'email'] = user.email;
  context.idToken[namespace + 'roles'] = context.authorization.roles;
  return callback(null, user, context);
}
