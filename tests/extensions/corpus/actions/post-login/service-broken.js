exports.onExecutePostLogin = async (event) => {
  const response = await fetch(`${event.secrets.SERVICE}/broken`);
  if (!response.ok) throw Object.assign(new Error('the service is broken'), { status: response.status });
};
