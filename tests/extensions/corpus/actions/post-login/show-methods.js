exports.onExecutePostLogin = async (event) => {
  console.log(event.authentication.methods.map((method) => method.name).join(', '));
};
