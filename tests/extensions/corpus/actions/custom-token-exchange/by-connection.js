exports.onExecuteCustomTokenExchange = async (event, api) => {
  api.authentication.setUserByConnection('Partners', { user_id: 'p1', email: 'p1@partner.example.com', email_verified: true }, { creationBehavior: 'create_if_not_exists', updateBehavior: 'none' });
  api.authentication.setOrganization('org_1');
  api.authentication.setActor({ sub: 'agent-1', kind: 'support', act: { sub: 'agent-2' } });
};
