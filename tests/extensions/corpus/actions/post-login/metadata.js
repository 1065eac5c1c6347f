exports.onExecutePostLogin = async (event, api) => {
  api.user.setUserMetadata('last_shop', { at: event.client.name, count: event.stats.logins_count });
  api.user.setUserMetadata('color', null);
  api.user.setAppMetadata('migrated', true);
};
