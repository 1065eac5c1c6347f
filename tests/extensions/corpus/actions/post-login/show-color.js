exports.onExecutePostLogin = async (event) => {
  console.log(event.user.user_metadata.color, event.transaction.metadata.color);
};
