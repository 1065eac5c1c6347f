exports.onExecutePostLogin = async (event, api) => {
  try {
    await fetch('http://nowhere.example.com/');
  } catch (error) {
    return api.access.deny(`the service is away (${error.cause.code})`);
  }
};
