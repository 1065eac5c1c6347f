exports.onExecutePostLogin = (event) => {
  return event.user.profile.address.city;
};
