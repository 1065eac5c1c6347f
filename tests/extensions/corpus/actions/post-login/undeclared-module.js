const stripe = require('stripe');

exports.onExecutePostLogin = async () => {};
