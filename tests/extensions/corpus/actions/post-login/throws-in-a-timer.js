exports.onExecutePostLogin = async () => {
  await new Promise(() => {
    setTimeout(() => JSON.parse('{'), 1);
  });
};
