function (user, context, callback) {
  console.log(auth0.domain, auth0.baseUrl, Object.keys(auth0.users).join());
  callback(null, user, context);
}
