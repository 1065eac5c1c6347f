exports.onExecutePostLogin = async (event, api) => {
  for (const scope of event.transaction.requested_scopes) {
    if (scope === 'profile') api.accessToken.removeScope(scope);
  }
  api.accessToken.addScope('read:orders');
};
