(email, password, callback) => callback(null, { user_id: 42, email });
