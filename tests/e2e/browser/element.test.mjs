// <profile-settings> on somebody else's page: APP_ORIGIN is in the service's cors_origins, STRANGER_ORIGIN is not.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { launch } from './chromium.mjs';

const { APP_ORIGIN, STRANGER_ORIGIN, PROFILE_URL, CHROMIUM, TOKENS } = process.env;
const tokens = JSON.parse(TOKENS);

let browser;
let context;

before(async () => {
  browser = await launch(CHROMIUM);
});
after(() => browser?.close());

beforeEach(async () => {
  context = await browser.newContext();
  context.setDefaultTimeout(40_000);
});
afterEach(() => context.close());

// The page with the element, which has this person's token and remembers what it said.
async function open(person, origin = APP_ORIGIN) {
  const page = await context.newPage();
  await page.goto(origin);
  await page.evaluate((token) => {
    const element = document.querySelector('profile-settings');
    window.saved = [];
    element.addEventListener('profile-saved', (event) => window.saved.push(event.detail.name));
    element.token = async () => token;
  }, tokens[person]);
  return page;
}

const api = (person, method = 'GET', body = undefined) => fetch(`${PROFILE_URL}/api/profile`, {
  method,
  headers: { authorization: `Bearer ${tokens[person]}`, 'content-type': 'application/json' },
  body: body && JSON.stringify(body),
}).then((answer) => answer.json());

const save = (page) => page.getByRole('button', { name: 'Save' }).click();
const said = (page, text) => page.getByRole('status').filter({ hasText: text }).waitFor();

test('it shows the profile, saves what was changed, and says so', async () => {
  const page = await open('ann');
  await page.getByLabel('Display name').fill('Ann of the Shop');
  await save(page);
  await said(page, 'Saved.');
  assert.equal((await api('ann')).name, 'Ann of the Shop');
  assert.deepEqual(await page.evaluate(() => window.saved), ['Ann of the Shop']);
});

test('without a change nothing is sent', async () => {
  const page = await open('ann');
  const sent = [];
  page.on('request', (request) => request.method() === 'PATCH' && sent.push(request.url()));
  await page.getByLabel('Display name').waitFor();
  await save(page);
  await said(page, 'Nothing has changed.');
  assert.deepEqual(sent, []);
});

test('a username that somebody has is told at its field, and what was typed stays', async () => {
  await api('bob', 'PATCH', { username: 'bob_the_first' });
  const page = await open('ann');
  await page.getByLabel('Username').fill('bob_the_first');
  await save(page);
  await page.locator('#username-problem').filter({ hasText: /./ }).waitFor();
  assert.equal(await page.getByLabel('Username').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByLabel('Username').inputValue(), 'bob_the_first');
});

test('what somebody else has saved meanwhile is not overwritten unseen', async () => {
  const page = await open('cleo');
  await page.getByLabel('Display name').fill('Mine');
  await api('cleo', 'PATCH', { name: 'Theirs' });
  await save(page);
  await said(page, 'Somebody else');
  assert.equal((await api('cleo')).name, 'Theirs');
  assert.equal(await page.getByLabel('Display name').inputValue(), 'Mine');
});

test('the page gives it its colours', async () => {
  const page = await open('ann');
  const button = page.getByRole('button', { name: 'Save' });
  assert.equal(await button.evaluate((each) => getComputedStyle(each).backgroundColor), 'rgb(122, 62, 0)');
});

test('an origin that is not allowed sees nothing of the profile', async () => {
  const page = await open('ann', STRANGER_ORIGIN);
  await said(page, 'That did not work.');
  assert.equal(await page.getByLabel('Display name').count(), 0);
});
