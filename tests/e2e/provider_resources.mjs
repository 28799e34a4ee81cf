// The APIs that tokens are for. All of them are one service; the indicator says what its tokens look like:
// RESOURCE gives a JWT of the usual algorithm, RESOURCE/ES384 one of that algorithm, RESOURCE/opaque an opaque token.
// Without a resource an access token is opaque and for nobody in particular.

import { errors } from 'oidc-provider';

import { OPERATOR_SCOPE } from './provider_accounts.mjs';
import { ALGORITHMS } from './provider_keys.mjs';

export const RESOURCE = process.env.PROVIDER_RESOURCE ?? 'https://profiles.example';
const AUDIENCE = process.env.PROVIDER_AUDIENCE ?? RESOURCE;
const SCOPES = ['profiles:read', 'profiles:write', 'profiles:email', OPERATOR_SCOPE];

export const resourceServer = (alg, seconds) => (ctx, indicator) => {
  const kind = indicator === RESOURCE ? alg : indicator.slice(RESOURCE.length + 1);
  if (!indicator.startsWith(RESOURCE) || !['opaque', ...ALGORITHMS].includes(kind)) {
    throw new errors.InvalidTarget();
  }
  const common = { audience: AUDIENCE, scope: SCOPES.join(' '), accessTokenTTL: seconds };
  return kind === 'opaque'
    ? { ...common, accessTokenFormat: 'opaque' }
    : { ...common, accessTokenFormat: 'jwt', jwt: { sign: { alg: kind } } };
};
