// Every view of the account page, each with what makes it appear: for tests of what holds of all of them.

import { api, hands, login } from './visitor.mjs';

const typed = (values) => (visitor) => visitor.save(values);

async function app(visitor) {
  const operator = await hands('token', { login: login('operator') });
  const registered = { app: 'Game', description: 'Levels' };
  const { app_id: id } = await api(operator, 'POST', '/operator/app/register', registered);
  const token = await hands('token', { login: visitor.login });
  await api(token, 'PUT', `/user/profiles/${id}`, { level: 3, text: 'a'.repeat(400) });
  return id;
}

async function conflict(visitor) {
  await api(await hands('token', { login: visitor.login }), 'PATCH', '/api/profile', { name: 'By the other' });
  await visitor.save({ 'Display name': 'By me' });
}

async function ended(visitor) {
  await hands('forget', { user: visitor.login });
  await visitor.save({ 'Display name': 'Typed before' });
}

async function withApps(visitor) {
  await app(visitor);
  await visitor.go();
}

async function operators(visitor) {
  await hands('give_up', { user: 'somebody-with-a-long-user-id', name: 'Some name' });
  await visitor.go(`/account/operator?q=${visitor.login}`);
}

// Of a visitor who is signed in as an operator and has just come to their profile.
export const VIEWS = {
  profile: () => {},
  apps: withApps,
  saved: typed({ Nickname: 'Nick' }),
  problem: typed({ Username: '1st', 'Picture address': 'javascript:alert(1)' }),
  conflict,
  app: async (visitor) => visitor.go(`/account/apps/${await app(visitor)}`),
  operator: operators,
  nobody: (visitor) => visitor.go('/account/operator?q=nobody-at-all'),
  user: (visitor) => visitor.go(`/account/operator/user?user_id=${visitor.login}`),
  missing: (visitor) => visitor.go('/account/apps/4711'),
  ended,
  'signed-out': (visitor) => visitor.go('/account/signed-out'),
  welcome: async (visitor) => {
    await visitor.context.clearCookies({ name: 'profilegate' });
    await visitor.go();
  },
};
