// Who may ask this provider for tokens, who may ask it about them, who is told when a session ends,
// and who signs people in on a page of its own.

const machine = { redirect_uris: [], response_types: [] };

// OpenID Connect Back-Channel Logout, where the tests name an address for it.
const told = process.env.PROVIDER_LOGOUT_URI
  ? { backchannel_logout_uri: process.env.PROVIDER_LOGOUT_URI, backchannel_logout_session_required: true }
  : {};

// The account pages of the services under test, where the tests name their addresses.
const pages = (process.env.PROVIDER_ACCOUNT_URLS ?? '').split(' ').filter(Boolean);
const account = {
  client_id: 'account',
  client_secret: 'account secret: 50% & more',
  redirect_uris: pages.map((url) => `${url}/account/callback`),
  post_logout_redirect_uris: pages.map((url) => `${url}/account/signed-out`),
  backchannel_logout_uri: `${pages[0]}/webhooks/signed-out`,
  backchannel_logout_session_required: true,
};

export const clients = [
  ...(pages.length ? [account] : []),
  {
    ...told,
    client_id: 'spa',
    application_type: 'native', // its page may be served on any loopback port
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
  },
  {
    ...machine,
    client_id: 'service',
    client_secret: 'service-secret',
    grant_types: ['client_credentials'],
  },
  // These only introspect, each authenticated in another way.
  {
    ...machine,
    client_id: 'gate-basic',
    client_secret: 'gate secret: 50% & more', // differs when form-encoded, as HTTP Basic here must be
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: [],
  },
  {
    ...machine,
    client_id: 'gate-post',
    client_secret: 'gate secret: 50% & more',
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: [],
  },
  {
    ...machine,
    client_id: 'gate-key',
    jwks: { keys: [JSON.parse(process.env.PROVIDER_CLIENT_KEY)] },
    token_endpoint_auth_method: 'private_key_jwt',
    grant_types: [],
  },
];
