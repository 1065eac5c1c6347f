exports.onExecuteSignupPostIdentifier = async (event, api) => {
  api.authentication.setConnectionByName('Partners');
  api.authentication.setOrganization('acme');
};
