async function login(usernameOrEmail, password, context, callback) {
  if (password !== configuration.PASSWORD) return callback(new WrongUsernameOrPasswordError(usernameOrEmail));
  return callback(null, {
    user_id: `legacy|${usernameOrEmail}`,
    username: usernameOrEmail,
    app_metadata: { organization: context.organization.name },
    mfa_factors: [{ totp: { secret: 'JBSWY3DPEHPK3PXP' } }, { phone: { value: '+4930123456' } }, { email: { value: 'a@example.com' } }],
  });
}
