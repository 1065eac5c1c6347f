// A usual event of each trigger, as docs of the contracts describe it; a case says only what differs.
const user = {
  user_id: 'auth0|6650c0ffee',
  email: 'ann@example.com',
  email_verified: true,
  name: 'Ann Example',
  nickname: 'ann',
  picture: 'https://cdn.example.com/ann.png',
  given_name: 'Ann',
  family_name: 'Example',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-05-02T03:04:05.678Z',
  user_metadata: { color: 'blue' },
  app_metadata: { plan: 'gold' },
  identities: [{ connection: 'Users', provider: 'auth0', user_id: '6650c0ffee', isSocial: false }],
  enrolledFactors: [],
};
const request = {
  ip: '203.0.113.9',
  method: 'GET',
  hostname: 'acme.example.com',
  language: 'en',
  user_agent: 'Mozilla/5.0',
  query: { scope: 'openid profile' },
  body: {},
  geoip: { countryCode: 'DE', countryName: 'Germany', cityName: 'Berlin', timeZone: 'Europe/Berlin' },
};
const common = {
  tenant: { id: 'acme' },
  request,
  client: { client_id: 'Yk1', name: 'Shop', metadata: { tier: 'one' } },
  connection: { id: 'con_1', name: 'Users', strategy: 'auth0', metadata: {} },
};
const notification = {
  message_type: 'verify_email',
  to: 'ann@example.com',
  from: 'no-reply@acme.example.com',
  subject: 'Verify',
  html: '<p>Code 123456</p>',
  text: 'Code 123456',
  locale: 'en',
};

const events = {
  'post-login': {
    ...common,
    user,
    authentication: { methods: [{ name: 'pwd', timestamp: '2026-06-01T10:00:00.000Z' }] },
    authorization: { roles: ['editor'] },
    stats: { logins_count: 3 },
    transaction: {
      id: 'txn_1',
      protocol: 'oidc-basic-profile',
      requested_scopes: ['openid', 'profile'],
      redirect_uri: 'https://shop.example.com/callback',
      state: 'abc',
      locale: 'en',
      metadata: {},
    },
    resource_server: { identifier: 'https://orders.example.com/' },
    session: { id: 'ses_1', metadata: {} },
    refresh_token: { id: 'rt_1', metadata: {} },
  },
  'credentials-exchange': {
    ...common,
    resource_server: { identifier: 'https://orders.example.com/' },
    transaction: { requested_scopes: ['read:orders'], target_scopes: ['read:orders'] },
  },
  'pre-user-registration': {
    ...common,
    user: { email: 'bob@example.com', username: 'bob', user_metadata: {}, app_metadata: {} },
    transaction: { requested_scopes: [] },
  },
  'post-user-registration': { ...common, user },
  'post-change-password': { ...common, user },
  'send-phone-message': {
    ...common,
    user,
    message_options: {
      action: 'second-factor-authentication',
      code: '123456',
      message_type: 'sms',
      recipient: '+4930123456',
      text: 'Code 123456',
    },
  },
  'custom-email-provider': { tenant: common.tenant, user, notification },
  'custom-phone-provider': {
    tenant: common.tenant,
    user,
    notification: {
      message_type: 'otp_verify',
      recipient: '+4930123456',
      as_text: 'Code 123456',
      as_voice: 'Code 1 2 3',
      delivery_method: 'text',
      code: '123456',
    },
  },
  'password-reset-post-challenge': {
    ...common,
    user,
    authentication: { methods: [{ name: 'email', timestamp: '2026-06-01T10:00:00.000Z' }] },
    stats: { logins_count: 3 },
    transaction: { state: 'abc', locale: 'en' },
  },
  'custom-token-exchange': {
    ...common,
    transaction: {
      subject_token: 'partner-token-1',
      subject_token_type: 'urn:partner:token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_scopes: ['openid'],
    },
    resource_server: { identifier: 'https://orders.example.com/' },
  },
  'event-stream': {
    message: {
      id: 'evt_1',
      type: 'user.created',
      source: 'urn:auth0:acme.example.com',
      specversion: '1.0',
      time: '2026-06-01T10:00:00.000Z',
      data: { object: { user_id: 'auth0|1' } },
    },
  },
  'signup-post-identifier': { ...common },
  'login-post-identifier': { ...common },
};

const rule = {
  user: { ...user, clientID: undefined },
  context: {
    tenant: 'acme',
    clientID: 'Yk1',
    clientName: 'Shop',
    clientMetadata: {},
    connection: 'Users',
    connectionStrategy: 'auth0',
    protocol: 'oidc-basic-profile',
    stats: { loginsCount: 3 },
    sso: { with_auth0: false, with_dbconn: false, current_clients: [] },
    accessToken: {},
    idToken: {},
    sessionID: 'ses_1',
    request: {
      ip: '203.0.113.9',
      hostname: 'acme.example.com',
      userAgent: 'Mozilla/5.0',
      query: {},
      body: {},
      geoip: { country_code: 'DE' },
    },
    authentication: { methods: [] },
    authorization: { roles: ['editor'] },
  },
};

const copy = value => JSON.parse(JSON.stringify(value));

export function eventOf(trigger, over = {}) {
  if (trigger === 'rule') return { user: { ...copy(rule.user), ...over.user }, context: { ...copy(rule.context), ...over.context } };
  return copy(events[trigger]);
}

const handlers = {
  'post-login': 'onExecutePostLogin',
  'credentials-exchange': 'onExecuteCredentialsExchange',
  'pre-user-registration': 'onExecutePreUserRegistration',
  'post-user-registration': 'onExecutePostUserRegistration',
  'post-change-password': 'onExecutePostChangePassword',
  'send-phone-message': 'onExecuteSendPhoneMessage',
  'custom-email-provider': 'onExecuteCustomEmailProvider',
  'custom-phone-provider': 'onExecuteCustomPhoneProvider',
  'password-reset-post-challenge': 'onExecutePostChallenge',
  'custom-token-exchange': 'onExecuteCustomTokenExchange',
  'event-stream': 'onExecuteEventStream',
  'signup-post-identifier': 'onExecuteSignupPostIdentifier',
  'login-post-identifier': 'onExecuteLoginPostIdentifier',
};
export const executeOf = trigger => handlers[trigger] ?? '';
