function login(email, password, callback) {
  const pool = configuration.database.pool;
  callback(null, pool);
}
