// Every login id is an account. The id says what the account has:
// `named-...` carries its name in access tokens, `operator-...` may hold the operator scope,
// `brief-...` gets access tokens that last four seconds.

export const OPERATOR_SCOPE = 'profile:operator';

export const mayHold = (id, scope) => scope !== OPERATOR_SCOPE || id.startsWith('operator-');

const nameOf = (id) => ({ name: `Name of ${id}`, preferred_username: id.replaceAll('-', '_') });

export async function findAccount(ctx, id) {
  const claims = {
    sub: id,
    ...nameOf(id),
    picture: `https://pictures.example/${encodeURIComponent(id)}.png`,
    email: `${id}@people.example`,
    email_verified: true,
  };
  return { accountId: id, claims: async () => claims };
}

// A machine's token has no account.
export async function extraTokenClaims(ctx, token) {
  return token.accountId?.startsWith('named-') ? nameOf(token.accountId) : undefined;
}

export const tokenSeconds = (token, usual) => (token.accountId?.startsWith('brief-') ? 4 : usual);
