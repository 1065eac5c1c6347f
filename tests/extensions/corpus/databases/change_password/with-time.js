function changePassword(email, newPassword, callback) {
  if (newPassword.length < 8) return callback(new Error('too short'));
  callback(null, { last_password_reset: '2026-06-01T10:00:00.000Z' });
}
