/**
 * Sends the person to a page that asks for consent, with a signed session token, and reads its answer.
 */
exports.onExecutePostLogin = async (event, api) => {
  const token = api.redirect.encodeToken({
    secret: event.secrets.SESSION_SECRET,
    expiresInSeconds: 60,
    payload: { email: event.user.email },
  });
  api.redirect.sendUserTo('https://consent.example.com/ask?lang=en', { query: { session_token: token } });
};

exports.onContinuePostLogin = async (event, api) => {
  const payload = api.redirect.validateToken({ secret: event.secrets.SESSION_SECRET, tokenParameterName: 'session_token' });
  if (!payload.consent) return api.access.deny('consent is required');
  api.user.setAppMetadata('consent', payload.consent);
};
