exports.onExecutePostLogin = async () => {
  return { command: { type: 'deny', reason: 'no' } };
};
