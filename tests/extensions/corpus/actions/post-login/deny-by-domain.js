exports.onExecutePostLogin = async (event, api) => {
  const allowed = event.secrets.ALLOWED_DOMAINS.split(',');
  const domain = event.user.email.split('@').pop();
  if (!allowed.includes(domain)) {
    return api.access.deny(`Access to ${event.client.name} is not allowed for ${domain}.`);
  }
};
