exports.onExecuteCredentialsExchange = async (event, api) => {
  api.accessToken.setCustomClaim('https://shop.example.com/tier', event.client.metadata.tier);
  api.transaction.addTargetScope('read:reports');
  api.transaction.removeTargetScope('read:orders');
  if (event.client.metadata.tier === 'none') api.transaction.clearTargetScopes();
  if (event.client.metadata.tier === 'two') api.transaction.setTargetScopes(['a', 'b']);
};
