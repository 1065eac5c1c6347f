const request = require('request');

exports.onExecutePostUserRegistration = async (event, api) => {
  await new Promise((resolve, reject) => {
    request.post({ url: `${event.secrets.SERVICE}/echo`, json: { id: event.user.user_id } }, (error, response, body) => {
      if (error) return reject(error);
      console.log(body.body.id);
      resolve();
    });
  });
  api.cache.set('last', event.user.user_id);
};
