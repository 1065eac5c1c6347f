const config = JSON.parse(undefined);

exports.onExecutePostLogin = async () => {};
