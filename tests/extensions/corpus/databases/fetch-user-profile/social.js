function fetchUserProfile(accessToken, ctx, cb) {
  const axios = require('axios');
  axios.post(ctx.options.userinfo, { id: 'social-1' }, { headers: { Authorization: `Bearer ${accessToken}` } })
    .then(({ data }) => cb(null, { user_id: data.body.id, email: data.authorization }))
    .catch(cb);
}
