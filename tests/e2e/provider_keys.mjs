// Signing keys of every kind. An RSA or Ed25519 JWK names no `alg`, as many providers publish them.

import { generateKeyPairSync, randomUUID } from 'node:crypto';

const RSA = ['rsa', { modulusLength: 2048 }];

const kinds = {
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519', {}],
};

export const ALGORITHMS = Object.keys(kinds);

function newSigningKey([type, options]) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig' };
}

// One key of each kind, that of the usual algorithm first.
export function newSigningKeys(alg) {
  if (!ALGORITHMS.includes(alg)) {
    throw new Error(`PROVIDER_ALG must be one of ${ALGORITHMS.join(', ')}, not ${alg}`);
  }
  return [...new Set([kinds[alg], ...Object.values(kinds)])].map(newSigningKey);
}
