async function changeEmail(email, newEmail, verified, callback) {
  const response = await fetch(`${configuration.USERS_URL}/users?email=${encodeURIComponent(email)}`, { method: 'PATCH', body: JSON.stringify({ email: newEmail, verified }) });
  return callback(null, response.ok);
}
