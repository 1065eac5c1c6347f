exports.onExecutePostLogin = async (event, api) => {
  api.transaction.setMetadata('risk', 12).transaction.setMetadata('known', true);
  api.transaction.setMetadata('device', 'phone');
  console.log(event.transaction.metadata);
  api.transaction.setMetadata('device', null);
  console.log(event.transaction.metadata);
};
