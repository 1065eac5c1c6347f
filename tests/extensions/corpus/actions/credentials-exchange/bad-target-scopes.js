exports.onExecuteCredentialsExchange = async (event, api) => {
  api.transaction.setTargetScopes(['read:orders', 'two words']);
};
