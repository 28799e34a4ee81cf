// Coming and going: sign-in and sign-out at the provider, and what ends a session in between.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PAGE_URL, PROVIDER_URL, Visitor, hands, inBrowser, login } from './visitor.mjs';

inBrowser('coming and going', () => {
  test('at the first sign-in the page shows what the provider says of the person', async (t) => {
    const visitor = await Visitor.arrive(t);
    await visitor.go();
    await visitor.page.getByRole('link', { name: 'Sign in' }).click();
    const id = login('full');
    await visitor.answerProvider(id);
    assert.equal(visitor.page.url(), `${PAGE_URL}/account`);
    const expected = {
      'Display name': `Name of ${id}`, Username: id.replaceAll('-', '_'), 'Given name': 'Ada', 'Family name': 'Lovelace',
      Nickname: 'Countess', Website: 'https://ada.example/', Birthday: '1815-12-10', Language: 'en-GB',
      'Time zone': 'Europe/London', 'Picture address': `https://pictures.example/${id}.png`,
    };
    assert.deepEqual(await visitor.values(...Object.keys(expected)), expected);
    const known = await visitor.page.getByRole('region', { name: 'From your sign-in provider' }).innerText();
    assert.ok(known.includes(`${id}@people.example`) && known.includes(id), known);
    visitor.assertQuiet();
  });

  test('a sign-in leads to the page that was asked for', async (t) => {
    const visitor = await Visitor.arrive(t);
    await visitor.go('/account/sign-in?to=/account/operator');
    await visitor.answerProvider(login('operator'));
    assert.equal(visitor.page.url(), `${PAGE_URL}/account/operator`);
  });

  test('a second sign-in changes nothing that the person has saved', async (t) => {
    const visitor = await (await Visitor.arrive(t)).signIn(login('returning'));
    await visitor.save({ 'Display name': 'Kept' });
    await visitor.signIn(visitor.login);
    assert.equal(await visitor.field('Display name').inputValue(), 'Kept');
  });

  test('signing out ends the session here and at the provider, and comes back', async (t) => {
    const visitor = await (await Visitor.arrive(t)).signIn(login('leaver'));
    const { value } = await visitor.cookie();
    assert.equal(await hands('sessions', { user: visitor.login }), 1);
    await visitor.press('Sign out');
    assert.ok(visitor.page.url().startsWith(`${PROVIDER_URL}/session/end?`));
    await visitor.page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await visitor.page.waitForURL(`${PAGE_URL}/account/signed-out`);
    await visitor.heading('Signed out');
    assert.equal(await hands('sessions', { user: visitor.login }), 0);
    assert.equal(await visitor.cookie(), undefined);
    const again = await fetch(`${PAGE_URL}/account`, { headers: { cookie: `profilegate=${value}` } });
    assert.doesNotMatch(await again.text(), /sign-out/);
    await visitor.page.getByRole('link', { name: 'Sign in' }).click();
    await visitor.page.getByLabel('Login').waitFor(); // the provider has forgotten, too
    visitor.assertQuiet();
  });

  test('signing out at the provider ends the session of the page', async (t) => {
    const visitor = await (await Visitor.arrive(t)).signIn(login('elsewhere'));
    await visitor.page.goto(`${PROVIDER_URL}/session/end`);
    await visitor.page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await visitor.page.waitForLoadState();
    while ((await hands('sessions', { user: visitor.login })) > 0); // the test runner bounds this
    await visitor.go();
    await visitor.page.getByRole('link', { name: 'Sign in' }).waitFor();
  });

  test('signing in as somebody else in the same browser ends the first session', async (t) => {
    const visitor = await (await Visitor.arrive(t)).signIn(login('first'));
    const first = visitor.login;
    await visitor.context.clearCookies({ name: /^_/ }); // the provider's
    await visitor.signIn(login('second'));
    assert.equal(await hands('sessions', { user: first }), 0);
    assert.equal(await hands('sessions', { user: visitor.login }), 1);
  });

  test('a cookie that somebody has planted is not taken, and another one begins at sign-in', async (t) => {
    const visitor = await Visitor.arrive(t);
    const planted = 'chosen-by-an-attacker-who-waits-for-a-sign-in';
    await visitor.context.addCookies([{ name: 'profilegate', value: planted, url: PAGE_URL }]);
    await visitor.signIn(login('victim'));
    const first = await visitor.cookie();
    assert.notEqual(first.value, planted);
    await visitor.signIn(visitor.login);
    assert.notEqual((await visitor.cookie()).value, first.value);
    const answer = await fetch(`${PAGE_URL}/account`, { headers: { cookie: `profilegate=${planted}` } });
    assert.doesNotMatch(await answer.text(), /sign-out/);
  });

  test('no script reads the cookies', async (t) => {
    const visitor = await (await Visitor.arrive(t)).signIn(login('hidden'));
    assert.equal(await visitor.page.evaluate(() => document.cookie.includes('profilegate')), false);
    const { httpOnly, sameSite, path } = await visitor.cookie();
    assert.deepEqual({ httpOnly, sameSite, path }, { httpOnly: true, sameSite: 'Lax', path: '/' });
  });
});
