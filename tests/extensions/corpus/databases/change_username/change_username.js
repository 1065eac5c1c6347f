function changeUsername(username, newUsername, callback) {
  callback(null, username !== newUsername);
}
