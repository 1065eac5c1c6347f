exports.onExecutePostLogin = async (event, api) => {
  const name = event.user.name
  if (name === 'Ann' {
    api.access.deny('no');
  }
};
