// The TypeScript client against a running service. PROFILE_USER_ID is the subject of PROFILE_TOKEN.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

const { ProfileClient, ProfileError } = await import(process.env.PROFILE_CLIENT);
const { PROFILE_API_URL: url, PROFILE_USER_ID: userId, PROFILE_TOKEN, PROFILE_OPERATOR_TOKEN, PROFILE_MACHINE_TOKEN } =
  process.env;

const signedIn = (token) => new ProfileClient({ url, token: () => token });
const [one, other] = [signedIn(PROFILE_TOKEN), signedIn(PROFILE_TOKEN)];
const operator = signedIn(PROFILE_OPERATOR_TOKEN);
const error = async (promise) => {
  const caught = await promise.then(() => assert.fail('no error'), (reason) => reason);
  assert.ok(caught instanceof ProfileError, String(caught));
  return caught;
};

before(() => operator.operator.register({ app: 'Diary', app_id: 0 }));

test('a user who signed in reads and changes the one record', async () => {
  assert.equal((await one.me.get()).value.id, userId);
  await one.me.patch({ name: 'Ann' });
  assert.equal((await one.profiles.get(userId)).value.name, 'Ann');
  assert.equal((await one.profiles.put(userId, { name: 'Anna' })).value.name, 'Anna');
  assert.deepEqual((await one.profiles.batch([userId])).map((each) => each.name), ['Anna']);
});

test('claims, a free username and the limits are told', async () => {
  await one.me.patchClaims({ givenName: 'Ann', address: { country: 'FR' } });
  await one.me.changeClaims((user) => ({ nickname: `${user.profile.givenName}!` }));
  assert.equal((await one.me.get()).value.profile.nickname, 'Ann!');
  assert.equal((await one.me.usernameAvailability('ann_m')).available, true);
  assert.equal((await one.me.capabilities()).fields.name.editable, true);
  assert.equal((await one.me.export()).profile.id, (await one.me.get()).value.id);
});

test('two clients that race lose no change', async () => {
  const counted = (user) => ({ customData: { n: (user.customData.n ?? 0) + 1 } });
  await Promise.all(Array(10).fill([one, other]).flat().map((each) => each.me.change(counted, { rounds: 100 })));
  assert.deepEqual((await one.me.get()).value.customData, { n: 20 });
});

test('a version that is gone is a conflict', async () => {
  const { etag } = await one.profiles.get(userId);
  await one.profiles.put(userId, { name: 'Quick' });
  assert.equal((await error(other.profiles.put(userId, { name: 'Late' }, { ifMatch: etag }))).status, 412);
});

test('a value that breaks a rule is a typed error', async () => {
  const { status, code, body } = await error(one.profiles.put(userId, { name: '' }));
  assert.deepEqual([status, code, body.code], [422, 'VALIDATION_001', 'VALIDATION_001']);
  assert.equal((await error(one.me.patch({ name: 'x'.repeat(200) }))).code, 'entity.value_too_long');
});

test('a token that is none is refused, and a good one after it is not', async () => {
  assert.equal((await error(signedIn('not-a-token').me.get())).status, 401);
  const tokens = ['not-a-token', PROFILE_TOKEN];
  const client = new ProfileClient({ url, token: async () => tokens.shift() });
  assert.equal((await client.me.get()).value.id, userId);
});

test('documents are kept, changed without loss, merged and deleted', async () => {
  assert.equal(await one.apps.get(0), undefined);
  const counted = (current) => ({ n: (current?.profile_data.n ?? 0) + 1 });
  await Promise.all(Array(5).fill([one, other]).flat().map((each) => each.apps.change(0, counted, { rounds: 50 })));
  const { value, etag } = await one.apps.get(0);
  assert.deepEqual(value.profile_data, { n: 10 });
  const merged = await one.apps.patch(0, { n: null, seen: true }, { ifMatch: etag });
  assert.deepEqual(merged.value.profile_data, { seen: true });
  assert.equal((await error(one.apps.create(0, {}))).code, 'document_exists');
  await one.apps.delete(0);
  assert.equal((await one.apps.create(0, [1])).value.app_id, 0);
  assert.ok((await one.apps.all()).some((each) => each.app === 'Diary'));
});

test('a bulk of thousands is sent while it is made, and read one by one', async () => {
  async function* items() {
    for (let n = 0; n < 3000; n++) yield { app_id: 0, user_id: `${userId}/${n}`, profile_data: { n, text: 'x'.repeat(200) } };
  }
  assert.equal((await operator.operator.createBulk(items())).created, 3000);
  assert.deepEqual((await operator.operator.document(`${userId}/77`, 0)).value.profile_data.n, 77);
  const some = await operator.operator.createSome([{ app_id: 0, user_id: '', profile_data: 1 }], { onConflict: 'skip' });
  assert.deepEqual([some.failed, some.results[0].status], [1, 422]);
});

test('who is no operator is refused', async () => {
  const client = signedIn(PROFILE_MACHINE_TOKEN);
  assert.equal((await error(client.operator.createBulk([{ app_id: 0, user_id: 'x', profile_data: 1 }]))).code, 'forbidden');
});
