// A single-page app in Chromium, signed in at a real provider, against a running service of another origin.
// APP_ORIGIN is in the service's cors_origins, STRANGER_ORIGIN serves the same app and is not.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { launch } from './chromium.mjs';
import { Tab } from './tab.mjs';

const { APP_ORIGIN, STRANGER_ORIGIN, PROFILE_URL, CHROMIUM, SCREENSHOT } = process.env;

const GENERATED_NAME = /^[A-Z][a-z]+ [A-Z][a-z]+ [1-9][0-9]?$/;
const ETAG = /^"\d+-logto-\d+"$/;

let browser;
let context;

before(async () => {
  browser = await launch(CHROMIUM);
});
after(() => browser?.close());

// One person's browser: its own cookies, storage and remembered preflights.
beforeEach(async () => {
  context = await browser.newContext();
  context.setDefaultTimeout(40_000);
});
afterEach(() => context.close());

const open = (origin = APP_ORIGIN) => Tab.open(context, origin);

function assertComplained(tab, ...expected) {
  assert.equal(tab.complaints.length, expected.length, tab.complaints.join('\n'));
  expected.forEach((pattern, place) => assert.match(tab.complaints[place], pattern));
}

test('signing in makes the profile, and the page can read it with its ETag', async () => {
  const tab = await open();
  const seen = await tab.signIn('maker');
  assert.equal(seen.status, '200');
  assert.match(seen.name, GENERATED_NAME);
  assert.equal(seen.username, '');
  assert.match(seen.etag, ETAG);
  assert.deepEqual(await tab.reload(), seen);
  assertComplained(tab);
});

test('a saved name and username show, with a new ETag, and the next save builds on it', async () => {
  const tab = await open();
  const before = await tab.signIn('renamer');
  const renamed = await tab.save({ name: 'Zoë 😀 Müller' });
  assert.deepEqual({ ...renamed, etag: '' }, { ...before, name: 'Zoë 😀 Müller', etag: '' });
  assert.match(renamed.etag, ETAG);
  assert.notEqual(renamed.etag, before.etag);
  const complete = await tab.save({ username: 'zoe_m' });
  assert.equal(complete.status, '200');
  assert.equal(complete.username, 'zoe_m');
  assert.equal(complete.name, 'Zoë 😀 Müller');
  assert.deepEqual(await tab.reload(), complete);
  assertComplained(tab);
});

test('of two tabs, the one that saves later learns of the other and loses nothing of it', async () => {
  const [first, second] = [await open(), await open()];
  await first.signIn('two-tabs');
  await second.signIn('two-tabs');
  assert.equal((await first.save({ name: 'First' })).status, '200');
  const refused = await second.save({ name: 'Second' });
  assert.equal(refused.status, '412');
  assert.equal(refused.message, 'The profile has changed in the meantime.');
  assert.equal((await second.reload()).name, 'First');
  assert.equal((await second.save({ name: 'Second' })).name, 'Second');
  assertComplained(second, /412/);
});

test('an invalid username is refused with a message and changes nothing', async () => {
  const tab = await open();
  const before = await tab.signIn('speller');
  const refused = await tab.save({ username: '1st choice' });
  assert.equal(refused.status, '400');
  assert.equal(refused.message, 'The request body is invalid.');
  assert.match(refused.details, /username/);
  assert.deepEqual(await tab.reload(), before);
  assertComplained(tab, /400/);
});

test('a username that somebody else has is refused with a message', async () => {
  const tab = await open();
  await tab.signIn('owner');
  assert.equal((await tab.save({ username: 'only_one' })).status, '200');
  await tab.signIn('latecomer');
  const refused = await tab.save({ username: 'Only_One' });
  assert.equal(refused.status, '422');
  assert.equal(refused.message, 'This username is already in use.');
  assertComplained(tab, /422/);
});

test('a token that is none is refused with a challenge that the page can read', async () => {
  const tab = await open();
  await tab.signIn('garbler');
  await tab.replaceToken('not-a-token');
  const refused = await tab.reload();
  assert.equal(refused.status, '401');
  assert.match(refused.challenge, /^Bearer .*error="invalid_token"/);
  assertComplained(tab, /401/);
});

test('a token that has expired is refused with a challenge that the page can read', async () => {
  const tab = await open();
  assert.equal((await tab.signIn('brief-visitor')).status, '200');
  await tab.page.waitForTimeout(4_100);
  const refused = await tab.reload();
  assert.equal(refused.status, '401');
  assert.match(refused.challenge, /^Bearer .*error="invalid_token"/);
  assertComplained(tab, /401/);
});

// Of reads only: before a request with If-Match Chromium asks every time, whatever it remembers.
test('the browser remembers the preflight of a read', async () => {
  const tab = await open();
  const sent = await tab.sent(`${PROFILE_URL}/api/profile`);
  await tab.signIn('asker');
  await tab.reload();
  await tab.reload();
  assert.deepEqual(sent.toSorted(), ['GET', 'GET', 'GET', 'OPTIONS']);
});

test('a page of an origin that is not allowed can neither read nor change', async () => {
  const tab = await open();
  const before = await tab.signIn('victim');
  const stranger = await open(STRANGER_ORIGIN);
  for (const seen of [await stranger.signIn('victim'), await stranger.save({ name: 'Mallory' })]) {
    assert.equal(seen.status, 'unreadable');
    assert.match(seen.message, /Failed to fetch/);
    assert.equal(seen.name + seen.etag, '');
  }
  assert.equal(stranger.complaints.filter((text) => text.includes('blocked by CORS policy')).length, 2);
  assert.deepEqual(await tab.reload(), before);
});

test('the finished page looks like one', async () => {
  const tab = await open();
  await tab.signIn('model');
  await tab.save({ name: 'Ada Lovelace', username: 'ada' });
  await tab.page.screenshot({ path: SCREENSHOT });
  assertComplained(tab);
});
