exports.onExecutePostLogin = async (event, api) => {
  if (!api.rules.wasExecuted('rul_enrich')) api.user.setAppMetadata('enriched', true);
};
