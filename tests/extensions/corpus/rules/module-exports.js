'use strict';

module.exports = function (user, context, callback) {
  context.primaryUser = 'auth0|main';
  context.samlConfiguration = { lifetimeInSeconds: 600 };
  callback(null, user, context);
};
