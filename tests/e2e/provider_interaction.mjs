// Signs in whoever the `login_hint` names, or asks on a page who it is, and consents to what was asked. No password.

import { text } from 'node:stream/consumers';

import { mayHold } from './provider_accounts.mjs';

async function grantFor(provider, accountId, { client_id: clientId, scope = '', resource }) {
  const grant = new provider.Grant({ accountId, clientId });
  const asked = scope.split(' ');
  const allowed = asked.filter((name) => mayHold(accountId, name)).join(' ');
  const refused = asked.filter((name) => !mayHold(accountId, name)).join(' ');
  grant.addOIDCScope(allowed);
  for (const indicator of [resource ?? []].flat()) {
    grant.addResourceScope(indicator, allowed);
    grant.rejectResourceScope(indicator, refused);
  }
  return grant.save();
}

export function refuse(response, reason) {
  response.statusCode = 400;
  response.end(reason);
}

const PAGE = `<!doctype html><html lang="en"><title>Provider</title><form method="post">
<label>Login <input name="login" autofocus required></label><button>Sign in</button></form>`;

function ask(response) {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(PAGE);
}

async function loginOf(request, { login_hint: hint }) {
  return hint ?? new URLSearchParams(await text(request)).get('login');
}

export async function answerInteraction(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const accountId = await loginOf(request, params);
  if (!accountId) {
    return ask(response);
  }
  const grantId = await grantFor(provider, accountId, params);
  return provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
}
