exports.onExecutePostLogin = async (event) => {
  console.debug('debug');
  console.log('%s is %d', event.user.name, event.stats.logins_count);
  console.info({ plan: event.user.app_metadata.plan });
  console.warn('x'.repeat(300));
  console.error(new Error('failed').message);
};
