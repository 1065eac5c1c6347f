/**
 * @param {object} client - information about the client
 * @param {array|undefined} scope - the requested scopes
 * @param {string} audience - the API
 */
module.exports = function (client, scope, audience, context, cb) {
  var access_token = {};
  access_token.scope = scope;
  access_token.scope.push('extra');
  access_token['https://shop.example.com/tenant'] = client.tenant;
  cb(null, access_token);
};
