exports.onExecutePostLogin = async (event, api) => {
  api.redirect.sendUserTo('https://quiz.example.com/');
};

exports.onContinuePostLogin = async (event, api) => {
  api.authentication.recordMethod('https://quiz.example.com/passed');
  console.log('back', event.request.query.score);
};
