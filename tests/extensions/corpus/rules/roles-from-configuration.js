function setRoles(user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  const admins = (configuration.ADMINS || '').split(',');
  user.app_metadata.roles = admins.includes(user.email) ? ['user', 'admin'] : ['user'];
  context.idToken['https://shop.example.com/app_roles'] = user.app_metadata.roles;
  callback(null, user, context);
}
