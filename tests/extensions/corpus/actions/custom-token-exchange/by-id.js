exports.onExecuteCustomTokenExchange = async (event, api) => {
  const [, , number] = event.transaction.subject_token.split('-');
  if (!/^[0-9]+$/.test(number)) return api.access.rejectInvalidSubjectToken('not one of ours');
  api.authentication.setUserById(`auth0|${number}`);
  api.user.setAppMetadata('partner', true);
  api.user.setUserMetadata('via', 'partner');
};
