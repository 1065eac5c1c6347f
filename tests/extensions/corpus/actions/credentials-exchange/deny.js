exports.onExecuteCredentialsExchange = async (event, api) => {
  const { code } = event.client.metadata;
  api.access.deny(code, `not for ${event.client.name}`);
};
