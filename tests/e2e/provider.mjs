// A real, certified OpenID provider on 127.0.0.1 for the end-to-end tests. It prints one JSON line,
// {"issuer", "port"}, when it listens, and ends when its standard input does, so it never outlives the tests.
// POST /__rotate changes the signing keys; POST /__rotate?keep=1 still publishes the old ones.
// GET /__logouts answers what became of the logout tokens that were delivered, oldest first.

import { createServer } from 'node:http';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

import { answerInteraction, refuse } from './provider_interaction.mjs';
import { newSigningKeys } from './provider_keys.mjs';
import { newProvider } from './provider_settings.mjs';

const port = Number(process.argv[2] ?? process.env.PROVIDER_PORT ?? 0);
const alg = process.env.PROVIDER_ALG ?? 'RS256';
const adapter = createMemoryAdapter();

let issuer;
let keys = [];
let provider;
let answer;
const logouts = [];

// Sessions, codes and grants live in the adapter, so they survive the new Provider object.
function rotate({ keep }) {
  keys = [...newSigningKeys(alg), ...(keep ? keys : [])];
  provider = newProvider({ issuer, adapter, alg, keys });
  provider.on('backchannel.success', (ctx, client, sub, sid) => logouts.push({ sub, sid, error: null }));
  provider.on('backchannel.error', (ctx, error, client, sub, sid) => logouts.push({ sub, sid, error: error.message }));
  answer = provider.callback();
}

function route(request, response) {
  const url = new URL(request.url, issuer);
  if (request.method === 'POST' && url.pathname === '/__rotate') {
    rotate({ keep: url.searchParams.get('keep') === '1' });
    return response.end(JSON.stringify({ kids: keys.map((key) => key.kid) }));
  }
  if (url.pathname === '/__logouts') {
    return response.end(JSON.stringify(logouts));
  }
  if (url.pathname.startsWith('/interaction/')) {
    return answerInteraction(provider, request, response).catch((error) => refuse(response, error.message));
  }
  return answer(request, response);
}

const server = createServer(route);
server.listen(port, '127.0.0.1', () => {
  const bound = server.address().port;
  issuer = `http://127.0.0.1:${bound}`;
  rotate({ keep: false });
  console.log(JSON.stringify({ issuer, port: bound }));
});

process.stdin.resume().on('end', () => process.exit(0));
