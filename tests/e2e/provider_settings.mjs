// What this provider allows: one public client (code + PKCE), one confidential client, one resource server.

import { Provider, errors } from 'oidc-provider';

import { OPERATOR_SCOPE, extraTokenClaims, findAccount, tokenSeconds } from './provider_accounts.mjs';

const RESOURCE = process.env.PROVIDER_RESOURCE ?? 'https://profiles.example';
const AUDIENCE = process.env.PROVIDER_AUDIENCE ?? RESOURCE;
const TOKEN_SECONDS = Number(process.env.PROVIDER_TOKEN_SECONDS ?? 3600);
const COOKIE_KEYS = ['tests only'];

const clients = [
  {
    client_id: 'spa',
    application_type: 'native', // its page may be served on any loopback port
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
  },
  {
    client_id: 'service',
    client_secret: 'service-secret',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  },
];

const LOOPBACK_ORIGIN = /^http:\/\/127\.0\.0\.1:\d+$/;

// Which pages may use the token endpoint by script.
const clientBasedCORS = (ctx, origin, client) => client.clientAuthMethod === 'none' && LOOPBACK_ORIGIN.test(origin);

const resourceServer = (alg) => (ctx, indicator) => {
  if (indicator !== RESOURCE) {
    throw new errors.InvalidTarget();
  }
  return {
    audience: AUDIENCE,
    scope: OPERATOR_SCOPE,
    accessTokenFormat: 'jwt',
    accessTokenTTL: TOKEN_SECONDS,
    jwt: { sign: { alg } },
  };
};

const algorithms = (alg) => ({
  clientDefaults: { id_token_signed_response_alg: alg },
  enabledJWA: { idTokenSigningAlgValues: [alg] },
});

const features = (alg) => ({
  devInteractions: { enabled: false },
  clientCredentials: { enabled: true },
  resourceIndicators: {
    enabled: true,
    getResourceServerInfo: resourceServer(alg),
    useGrantedResource: () => true,
  },
});

export function newProvider({ issuer, adapter, alg, keys }) {
  return new Provider(issuer, {
    adapter,
    clients,
    findAccount,
    extraTokenClaims,
    clientBasedCORS,
    ttl: { AccessToken: (ctx, token) => tokenSeconds(token, TOKEN_SECONDS) },
    jwks: { keys },
    features: features(alg),
    ...algorithms(alg),
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'picture'],
      email: ['email', 'email_verified'],
    },
    scopes: ['openid', 'offline_access'],
    cookies: { keys: COOKIE_KEYS },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  });
}
