module.exports = function (user, context, cb) {
  console.log('registered', user.id, context.connection.name);
  cb(null, { user: user });
};
