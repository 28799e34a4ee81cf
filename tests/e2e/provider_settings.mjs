// What this provider allows.

import { Provider } from 'oidc-provider';

import { extraTokenClaims, findAccount, tokenSeconds } from './provider_accounts.mjs';
import { clients } from './provider_clients.mjs';
import { resourceServer } from './provider_resources.mjs';

const TOKEN_SECONDS = Number(process.env.PROVIDER_TOKEN_SECONDS ?? 3600);
const PROFILE_CLAIMS = [
  'name', 'preferred_username', 'picture', 'given_name', 'family_name', 'nickname', 'website', 'birthdate', 'locale',
  'zoneinfo', 'roles',
];
const COOKIE_KEYS = ['tests only'];
const LOOPBACK_ORIGIN = /^http:\/\/127\.0\.0\.1:\d+$/;

// Which pages may use the token endpoint by script.
const clientBasedCORS = (ctx, origin, client) => client.clientAuthMethod === 'none' && LOOPBACK_ORIGIN.test(origin);

// Its own would refuse every address of this machine.
const fetch = (url, { dispatcher, ...options }) => globalThis.fetch(url, options);

const algorithms = (alg) => ({
  clientDefaults: { id_token_signed_response_alg: alg },
  enabledJWA: { idTokenSigningAlgValues: [alg] },
});

const features = (alg) => ({
  devInteractions: { enabled: false },
  backchannelLogout: { enabled: true },
  clientCredentials: { enabled: true },
  dPoP: { enabled: true },
  introspection: { enabled: true },
  revocation: { enabled: true },
  resourceIndicators: {
    enabled: true,
    getResourceServerInfo: resourceServer(alg, TOKEN_SECONDS),
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
    fetch,
    ttl: { AccessToken: (ctx, token) => tokenSeconds(token, TOKEN_SECONDS) },
    jwks: { keys },
    features: features(alg),
    ...algorithms(alg),
    claims: {
      openid: ['sub'],
      profile: PROFILE_CLAIMS,
      email: ['email', 'email_verified'],
    },
    scopes: ['openid', 'offline_access'],
    cookies: { keys: COOKIE_KEYS },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  });
}
