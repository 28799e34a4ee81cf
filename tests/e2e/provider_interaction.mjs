// Signs in whoever the `login_hint` names and consents to what was asked. No password, no page.

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

export async function answerInteraction(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const accountId = params.login_hint;
  if (!accountId) {
    return refuse(response, 'this provider signs in by login_hint only');
  }
  const grantId = await grantFor(provider, accountId, params);
  return provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
}
