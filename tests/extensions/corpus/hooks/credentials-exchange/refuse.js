module.exports = function (client, scope, audience, context, cb) {
  cb(new Error('not this client'));
};
