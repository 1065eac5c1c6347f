exports.onExecutePostLogin = async () => {
  throw 'no';
};
