function getByEmail(email, callback) {
  const axios = require('axios');
  axios.get(configuration.USERS_URL + '/users', { params: { email } })
    .then(({ data }) => callback(null, { user_id: data.id, email: data.email, email_verified: data.verified, name: data.name, nickname: email.split('@')[0] }))
    .catch((error) => {
      if (error.response && error.response.status === 404) return callback(null);
      callback(error);
    });
}
