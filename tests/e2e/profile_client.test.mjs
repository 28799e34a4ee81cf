// The Phoenix contract, seen by its own client against a running service.
// PROFILE_USER_ID is the subject of PROFILE_TOKEN, is safe in a URL and has no profile yet.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ProfileClient } from './profile_client.mjs';

const { PROFILE_API_URL: apiUrl, PROFILE_TOKEN: token, PROFILE_USER_ID: userId } = process.env;
const client = new ProfileClient(apiUrl, token);

const KEYS = ['tenant_id', 'user_id', 'name', 'avatar_url', 'created_at', 'updated_at'];
const GENERATED_NAME = /^[A-Z][a-z]+ [A-Z][a-z]+ [1-9][0-9]?$/;
const WHOLE_SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const AVATARS = 'https://api.dicebear.com/9.x/adventurer/svg?seed=';

function assertIsProfile(profile, owner) {
  assert.deepEqual(Object.keys(profile), KEYS);
  assert.equal(profile.user_id, owner);
  assert.ok(profile.avatar_url.startsWith(AVATARS), profile.avatar_url);
  for (const moment of [profile.created_at, profile.updated_at]) {
    assert.match(moment, WHOLE_SECOND);
  }
  assert.ok(profile.created_at <= profile.updated_at);
}

async function assertRefused(answer, status, code) {
  const body = await answer.json();
  assert.equal(answer.status, status, JSON.stringify(body));
  assert.deepEqual(Object.keys(body), ['error', 'code']);
  assert.equal(body.code, code);
  assert.equal(typeof body.error, 'string');
}

test('the first read creates a profile with a made-up name and the avatar of tenant and user', async () => {
  const profile = await client.getProfile(userId);
  assertIsProfile(profile, userId);
  assert.match(profile.name, GENERATED_NAME);
  assert.equal(profile.avatar_url, `${AVATARS}${profile.tenant_id}_${userId}`);
  assert.equal(profile.created_at, profile.updated_at);
});

test('a second read finds the same profile', async () => {
  assert.deepEqual(await client.getProfile(userId), await client.getProfile(userId));
});

test('a new name is kept, and so are the avatar and the creation time', async () => {
  const before = await client.getProfile(userId);
  const renamed = await client.updateProfile(before.tenant_id, userId, 'John Doe');
  assertIsProfile(renamed, userId);
  assert.deepEqual(renamed, { ...before, name: 'John Doe', updated_at: renamed.updated_at });
  assert.deepEqual(await client.getProfile(userId), renamed);
});

test('a regenerated avatar is another one, and the name stays', async () => {
  const before = await client.updateProfile('any tenant', userId, 'Jane Roe');
  const after = await client.updateProfile('any tenant', userId, null, true);
  assertIsProfile(after, userId);
  assert.notEqual(after.avatar_url, before.avatar_url);
  assert.deepEqual(after, { ...before, avatar_url: after.avatar_url, updated_at: after.updated_at });
});

test('several profiles are read in parallel, in the order asked, unseen users included', async () => {
  const userIds = [`${userId}-second`, userId, `${userId}-third`];
  const profiles = await client.getMultipleProfiles(userIds);
  assert.deepEqual(profiles.map((profile) => profile.user_id), userIds);
  profiles.forEach((profile, place) => assertIsProfile(profile, userIds[place]));
});

test('a token that is none is refused', async () => {
  const stranger = new ProfileClient(apiUrl, 'not-a-token');
  await assertRefused(await stranger.call(userId), 401, 'AUTH_001');
  await assertRefused(await stranger.put(userId, { name: 'Mallory', regenerate_avatar: false }), 401, 'AUTH_001');
  await assert.rejects(stranger.getProfile(userId), /status 401/);
});

test('the profile of somebody else is not ours to change', async () => {
  const before = await client.getProfile(`${userId}-second`);
  const answer = await client.put(before.user_id, { name: 'Mallory', regenerate_avatar: true });
  await assertRefused(answer, 403, 'AUTH_003');
  assert.deepEqual(await client.getProfile(before.user_id), before);
});

test('an empty name is refused and changes nothing', async () => {
  const before = await client.getProfile(userId);
  await assertRefused(await client.put(userId, { name: '', regenerate_avatar: false }), 422, 'VALIDATION_001');
  assert.deepEqual(await client.getProfile(userId), before);
});
