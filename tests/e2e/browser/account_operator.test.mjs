// What operators do on the page, and what becomes of the people that they do it to.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Visitor, api, hands, inBrowser, login } from './visitor.mjs';

const arrive = async (t, kind = 'operator', options = {}) => (await Visitor.arrive(t, options)).signIn(login(kind));

// A person who has a profile, and no browser.
async function person(kind) {
  const id = login(kind);
  const token = await hands('token', { login: id });
  await api(token, 'PATCH', '/api/profile', { name: `${id} Somebody`, username: `the_${id.replaceAll(/\W/g, '_')}` });
  return { id, token };
}

const view = (visitor, { id }) => visitor.go(`/account/operator/user?user_id=${encodeURIComponent(id)}`);

inBrowser('operators', () => {
  test('nobody else sees the operators’ pages', async (t) => {
    const visitor = await arrive(t, 'nobody');
    assert.equal(await visitor.page.getByRole('link', { name: 'Operator' }).count(), 0);
    for (const path of ['/account/operator', `/account/operator/user?user_id=${visitor.login}`]) {
      assert.equal((await visitor.go(path)).status(), 403);
      await visitor.page.getByText('You are not permitted to do this.').waitFor();
    }
  });

  test('strangers are asked to sign in', async (t) => {
    const visitor = await Visitor.arrive(t);
    assert.equal((await visitor.go('/account/operator')).status(), 401);
    await visitor.page.getByRole('link', { name: 'Sign in' }).waitFor();
  });

  test('a profile is found by its id, its username and the beginning of its name', async (t) => {
    const visitor = await arrive(t);
    const { id } = await person('wanted');
    await visitor.page.getByRole('link', { name: 'Operator' }).click();
    for (const typed of [id, `THE_${id.replaceAll(/\W/g, '_')}`, `${id.toUpperCase()} S`]) {
      await visitor.type({ 'User id, username, or the beginning of the name': typed });
      await visitor.press('Find');
      await visitor.page.getByRole('cell', { name: id, exact: true }).waitFor();
    }
    await visitor.type({ 'User id, username, or the beginning of the name': 'Somebody' });
    await visitor.press('Find');
    await visitor.page.getByText('Nobody was found.').waitFor();
    visitor.assertQuiet();
  });

  test('a suspended person is told so, is out everywhere, and comes back when it is lifted', async (t) => {
    const visitor = await arrive(t);
    const suspended = await arrive(t, 'suspended');
    await view(visitor, { id: suspended.login });
    await visitor.press('Suspend');
    await visitor.page.getByText('Suspended by an operator.').waitFor();
    await suspended.save({ Nickname: 'Anyway' });
    await suspended.page.getByText('This account is suspended.').waitFor();
    await suspended.go();
    await suspended.page.getByText('This account is suspended.').waitFor();
    await suspended.context.clearCookies({ name: 'profilegate' });
    await suspended.go('/account/sign-in');
    await suspended.page.getByText('This account is suspended.').waitFor();
    await visitor.press('Lift the suspension');
    await visitor.page.getByText('Active.').waitFor();
    await suspended.go('/account/sign-in');
    assert.equal(await suspended.field('Nickname').inputValue(), '');
  });

  test('an operator renames', async (t) => {
    const visitor = await arrive(t);
    const { id, token } = await person('renamed');
    await view(visitor, { id });
    await visitor.save({ 'Display name': 'Proper name', Username: `proper_${id.replaceAll(/\W/g, '_')}` });
    await visitor.heading('Proper name');
    const { name, username } = await api(token);
    assert.deepEqual([name, username], ['Proper name', `proper_${id.replaceAll(/\W/g, '_')}`]);
  });

  test('an operator who types a taken or an invalid username is told, and nothing is changed', async (t) => {
    const visitor = await arrive(t);
    const [{ id }, other] = [await person('renamed'), await person('holder')];
    for (const [typed, problem] of [
      [`the_${other.id.replaceAll(/\W/g, '_')}`, 'Somebody else has this username.'],
      ['1st', 'This may have letters, digits and underscores only, and must not begin with a digit.'],
    ]) {
      await view(visitor, { id });
      await visitor.save({ 'Display name': 'Another name', Username: typed });
      assert.equal(await visitor.told(), problem);
    }
  });

  test('an operator takes a picture away, and a generated one is in its place', async (t) => {
    const visitor = await arrive(t);
    const { id, token } = await person('pictured');
    await api(token, 'PATCH', '/api/profile', { avatar: 'https://pictures.example/rude.png' });
    await view(visitor, { id });
    await visitor.press('Reset the picture');
    await visitor.page.waitForURL(/user_id=/);
    assert.notEqual((await api(token)).avatar, 'https://pictures.example/rude.png');
  });

  test('what an operator did is in the history of the person and names nobody', async (t) => {
    const visitor = await arrive(t);
    const watched = await arrive(t, 'watched');
    await view(visitor, { id: watched.login });
    await visitor.save({ 'Display name': 'Proper name' });
    await watched.go();
    const first = await watched.page.locator('.history > li').first().innerText();
    assert.match(first.replace(/\s+/g, ' '), / an operator changed · Display name$/);
  });

  test('a delivery that was given up is tried again', async (t) => {
    const visitor = await arrive(t);
    const { id, token } = await person('awaited');
    await hands('give_up', { user: id, name: 'Told at last' });
    await visitor.go('/account/operator');
    const letter = visitor.page.getByRole('listitem').filter({ hasText: id });
    assert.match(await letter.innerText(), /it was broken/);
    await letter.getByRole('button', { name: 'Try again' }).click();
    await letter.waitFor({ state: 'detached' });
    await visitor.page.reload();
    assert.equal(await letter.count(), 0);
    assert.ok(token);
  });

  test('without a script an operator does all of it, too', async (t) => {
    const visitor = await arrive(t, 'operator', { javaScriptEnabled: false });
    const { id } = await person('plain');
    await view(visitor, { id });
    await visitor.press('Suspend');
    await visitor.press('Lift the suspension');
    await visitor.press('Reset the picture');
    await visitor.save({ 'Display name': 'Plain name' });
    await visitor.heading('Plain name');
  });

  test('a user id with slashes, spaces and signs has a page', async (t) => {
    const visitor = await arrive(t);
    const { id } = await person('a/b?c#d%2F..&e');
    await visitor.go(`/account/operator?q=${encodeURIComponent(id)}`);
    await visitor.page.getByRole('cell', { name: id, exact: true }).waitFor();
    await visitor.page.getByRole('link', { name: `${id} Somebody` }).click();
    await visitor.heading(`${id} Somebody`);
    await visitor.press('Suspend');
    await visitor.page.getByText('Suspended by an operator.').waitFor();
  });

  test('an operator who types an invalid username finds everything that was typed', async (t) => {
    const visitor = await arrive(t);
    await view(visitor, { id: visitor.login });
    await visitor.save({ 'Display name': 'Another name', Username: '1st' });
    assert.deepEqual(await visitor.values('Display name', 'Username'), { 'Display name': 'Another name', Username: '1st' });
  });

  test('what a person calls themselves is never translated', async (t) => {
    const visitor = await arrive(t, 'operator', { locale: 'de' });
    await api(await hands('token', { login: visitor.login }), 'PATCH', '/api/profile', { name: 'Save' });
    await view(visitor, { id: visitor.login });
    await visitor.page.getByRole('cell', { name: 'Save', exact: true }).waitFor();
  });
});
