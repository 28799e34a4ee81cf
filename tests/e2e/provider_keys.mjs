// Signing keys by algorithm. An RSA or Ed25519 JWK names no `alg`, as many providers publish them.

import { generateKeyPairSync, randomUUID } from 'node:crypto';

const kinds = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  EdDSA: ['ed25519', {}],
};

export function newSigningKey(alg) {
  if (!(alg in kinds)) {
    throw new Error(`PROVIDER_ALG must be one of ${Object.keys(kinds).join(', ')}, not ${alg}`);
  }
  const { privateKey } = generateKeyPairSync(...kinds[alg]);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig' };
}
