// Every login id is an account. The id says what the account has:
// `named-...` carries its name in access tokens, `operator-...` may hold the operator scope and has the role,
// `brief-...` gets access tokens that last four seconds, `full-...` has every claim that a profile takes,
// `hostile-...` has claims that would do harm where they were taken for HTML or for an address.

export const OPERATOR_SCOPE = 'profile:operator';

const isOperator = (id) => id.startsWith('operator-');

export const mayHold = (id, scope) => scope !== OPERATOR_SCOPE || isOperator(id);

const nameOf = (id) => ({ name: `Name of ${id}`, preferred_username: id.replaceAll('-', '_') });

const rolesOf = (id) => (isOperator(id) ? { roles: ['operator'] } : {});

const full = {
  given_name: 'Ada',
  family_name: 'Lovelace',
  nickname: 'Countess',
  website: 'https://ada.example/',
  birthdate: '1815-12-10',
  locale: 'en-GB',
  zoneinfo: 'Europe/London',
};

const hostile = {
  name: '<script>alert(1)</script>',
  given_name: '"><img src="/account/static/none" onerror="alert(1)">',
  family_name: "{{ 7 * 7 }}${alert(1)}' onfocus='alert(1)' autofocus='",
  picture: 'javascript:alert(1)',
  website: 'javascript:alert(1)',
};

const FURTHER = { full, hostile };

const claimsOf = (id) => ({
  sub: id,
  ...nameOf(id),
  picture: `https://pictures.example/${encodeURIComponent(id)}.png`,
  email: `${id}@people.example`,
  email_verified: true,
  ...rolesOf(id),
  ...FURTHER[id.split('-', 1)[0]],
});

export async function findAccount(ctx, id) {
  return { accountId: id, claims: async () => claimsOf(id) };
}

// A machine's token has no account.
export async function extraTokenClaims(ctx, { accountId: id }) {
  return id && { ...(id.startsWith('named-') ? nameOf(id) : {}), ...rolesOf(id) };
}

export const tokenSeconds = (token, usual) => (token.accountId?.startsWith('brief-') ? 4 : usual);
