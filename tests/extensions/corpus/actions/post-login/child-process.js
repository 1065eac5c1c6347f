exports.onExecutePostLogin = async () => {
  const { execSync } = require('child_process');
  execSync('id');
};
