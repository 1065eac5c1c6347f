exports.onExecutePostLogin = async (event, api) => {
  if (!event.user.user_metadata.company) {
    api.prompt.render('ap_company', { fields: { company: '' }, vars: { name: event.user.given_name } });
  }
};

exports.onContinuePostLogin = async (event, api) => {
  api.user.setUserMetadata('company', event.prompt.fields.company);
};
