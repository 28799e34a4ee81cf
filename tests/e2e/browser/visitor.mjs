// A person at the account page, in a browser of their own: what they do, what they see, and what the browser says.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';

import { launch } from './chromium.mjs';

export const { PAGE_URL, PROVIDER_URL, SECURE_URL, BEHIND_SECURE_URL, SCREENSHOTS, HANDS, CERTIFICATE } = process.env;
export const WORDS = JSON.parse(process.env.WORDS);

const AT_ONCE = 3;
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#7a9"/></svg>';
const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d/;
const OURS = /^https?:\/\/(127\.0\.0\.1|localhost)[:/]/;

let browser;
let counted = 0;

// Tests that share a browser and nothing else, so that several of them can be under way.
export function inBrowser(name, tests) {
  describe(name, { concurrency: AT_ONCE }, () => {
    before(async () => {
      browser = await launch(process.env.CHROMIUM);
    });
    after(() => browser?.close());
    tests();
  });
}

// A login that no other test has.
export const login = (kind) => `${kind}-${process.pid}-${(counted += 1)}`;

// What no browser can do: see tests/e2e/account.py.
export async function hands(name, asked = {}) {
  const answer = await fetch(`${HANDS}/${name}?${new URLSearchParams(asked)}`, { method: 'POST' });
  assert.equal(answer.status, 200, name);
  return answer.json();
}

// Another client of the same person, with an access token.
export async function api(token, method = 'GET', path = '/api/profile', body = undefined) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const sent = typeof body === 'object' ? JSON.stringify(body) : body;
  const answer = await fetch(PAGE_URL + path, { method, headers, body: sent });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

export class Visitor {
  // With options of Playwright's, such as `javaScriptEnabled`. Ends with the test `t`.
  static async arrive(t, { url = PAGE_URL, ...options } = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', ...options });
    t.after(() => context.close());
    context.setDefaultTimeout(40_000);
    const visitor = new Visitor(context, url);
    await context.route((asked) => !OURS.test(asked.href), (route) => visitor.answerElsewhere(route));
    context.on('page', (page) => visitor.listen(page));
    visitor.page = await context.newPage();
    return visitor;
  }

  constructor(context, url) {
    this.context = context;
    this.url = url;
    this.complaints = [];
    this.dialogs = [];
    this.elsewhere = [];
  }

  listen(page) {
    page.on('console', (said) => said.type() === 'error' && this.complaints.push(said.text()));
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      this.dialogs.push(dialog.type());
      return dialog.accept();
    });
  }

  // There is no web here: every picture of it is the same.
  answerElsewhere(route) {
    this.elsewhere.push(route.request());
    return route.fulfill({ contentType: 'image/svg+xml', body: PICTURE });
  }

  go(path = '/account') {
    return this.page.goto(this.url + path);
  }

  // Through the provider's page, which asks who it is unless it knows.
  async signIn(id, page = this.page) {
    await page.goto(`${this.url}/account/sign-in`);
    if (page.url().startsWith(PROVIDER_URL)) {
      await this.answerProvider(id, page);
    }
    this.login = id;
    return this;
  }

  async answerProvider(id, page = this.page) {
    await page.getByLabel('Login').fill(id);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL((at) => at.href.startsWith(this.url));
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true });
  }

  async type(values) {
    for (const [label, value] of Object.entries(values)) {
      await this.field(label).fill(value);
    }
  }

  async save(values = {}) {
    await this.type(values);
    const answered = this.page.waitForResponse((answer) => answer.request().isNavigationRequest() && answer.status() !== 303);
    await this.page.getByRole('button', { name: 'Save' }).click();
    await answered;
    await this.page.waitForLoadState();
  }

  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).click();
    await this.page.waitForLoadState();
  }

  // What the page says at its top.
  told() {
    return this.page.locator('.notice').innerText();
  }

  heading(name) {
    return this.page.getByRole('heading', { name }).waitFor();
  }

  async values(...labels) {
    return Object.fromEntries(await Promise.all(labels.map(async (each) => [each, await this.field(each).inputValue()])));
  }

  // What stands at a field, by its description.
  async describes(label) {
    const ids = ((await this.field(label).getAttribute('aria-describedby')) ?? '').split(' ').filter(Boolean);
    return Promise.all(ids.map((id) => this.page.locator(`[id="${id}"]`).innerText()));
  }

  cookie(name = 'profilegate') {
    return this.context.cookies().then((kept) => kept.find((each) => each.name === name));
  }

  // Nothing went wrong that the person could not help.
  assertQuiet() {
    assert.deepEqual(this.complaints.filter((text) => !REFUSED.test(text)), []);
    assert.deepEqual(this.dialogs, []);
  }
}
