exports.onExecutePostLogin = async (event, api) => {
  api
    .idToken.setCustomClaim('a', 1)
    .accessToken.setCustomClaim('a', 1)
    .accessToken.addScope('read:things')
    .user.setUserMetadata('a', 1);
};
