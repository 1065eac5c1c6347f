exports.onExecuteLoginPostIdentifier = async (event, api) => {
  api.authentication.setConnectionByName(event.client.metadata.tier === 'one' ? 'Users' : 'Partners');
};
