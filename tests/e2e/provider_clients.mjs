// Who may ask this provider for tokens, and who may ask it about them; and who is told when a session ends.

const machine = { redirect_uris: [], response_types: [] };

// OpenID Connect Back-Channel Logout, where the tests name an address for it.
const told = process.env.PROVIDER_LOGOUT_URI
  ? { backchannel_logout_uri: process.env.PROVIDER_LOGOUT_URI, backchannel_logout_session_required: true }
  : {};

export const clients = [
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
