// Seeing and changing one's own profile. Every save is a plain form; some of these tests run without any script.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PAGE_URL, Visitor, api, hands, inBrowser, login } from './visitor.mjs';

const ALL = {
  'Display name': 'Zoë 😀 "Müller" & <Söhne>', 'Picture address': 'https://pictures.example/new.png', 'Given name': 'Zoë',
  'Family name': 'Müller', Nickname: 'زوي', Website: 'https://zoe.example/?a=1&b=2', Birthday: '1990-12-31',
  Language: 'pt-BR', 'Time zone': 'Europe/Berlin',
};

const arrive = async (t, kind, options) => (await Visitor.arrive(t, options)).signIn(login(kind));

const unique = (visitor, start) => `${start}_${visitor.login.replaceAll('-', '_')}`;

async function tokenOf(visitor) {
  return hands('token', { login: visitor.login });
}

inBrowser('editing', () => {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? 'with scripts' : 'without a script';

    test(`every field can be edited, and all that were are said to be saved, ${how}`, async (t) => {
      const visitor = await arrive(t, 'editor', { javaScriptEnabled });
      const wanted = { ...ALL, Username: unique(visitor, 'new') };
      await visitor.save(wanted);
      assert.deepEqual(await visitor.values(...Object.keys(wanted)), wanted);
      const saved = (await visitor.told()).replace('Saved: ', '').split(/, and |, | and /);
      assert.deepEqual(saved.toSorted(), Object.keys(wanted).toSorted());
      visitor.assertQuiet();
    });

    test(`only what was changed is said to be saved, ${how}`, async (t) => {
      const visitor = await arrive(t, 'careful', { javaScriptEnabled });
      await visitor.save({ Nickname: 'Nick', 'Display name': `Name of ${visitor.login}` });
      assert.equal(await visitor.told(), 'Saved: Nickname');
      await visitor.save({ Nickname: '' });
      assert.equal(await visitor.told(), 'Saved: Nickname');
      assert.equal(await visitor.field('Nickname').inputValue(), '');
    });

    test(`an invalid username stands at its field, and nothing that was typed is lost or saved, ${how}`, async (t) => {
      const visitor = await arrive(t, 'speller', { javaScriptEnabled });
      await visitor.save({ Username: '1st', Nickname: 'Nick' });
      assert.match(await visitor.told(), /^Nothing was saved/);
      assert.match((await visitor.describes('Username'))[0], /must not begin with a digit/);
      assert.equal(await visitor.field('Username').getAttribute('aria-invalid'), 'true');
      assert.equal(await visitor.page.locator('[aria-invalid]').count(), 1);
      assert.deepEqual(await visitor.values('Username', 'Nickname'), { Username: '1st', Nickname: 'Nick' });
      assert.equal((await api(await tokenOf(visitor))).profile?.nickname, undefined);
      await visitor.save({ Username: unique(visitor, 'first') });
      assert.equal(await visitor.told(), 'Saved: Username and Nickname');
    });

    test(`a taken username stands at its field, and nothing that was typed is lost, ${how}`, async (t) => {
      const owner = await arrive(t, 'owner');
      const visitor = await arrive(t, 'latecomer', { javaScriptEnabled });
      const typed = { Username: owner.login.replaceAll('-', '_').toUpperCase(), Nickname: 'Nick' };
      await visitor.save(typed);
      assert.deepEqual((await visitor.describes('Username'))[0], 'Somebody else has this username.');
      assert.deepEqual(await visitor.values('Username', 'Nickname'), typed);
    });

    test(`what another client has saved in other fields stays, ${how}`, async (t) => {
      const visitor = await arrive(t, 'merger', { javaScriptEnabled });
      await api(await tokenOf(visitor), 'PATCH', '/api/profile', { name: 'By the other' });
      await visitor.save({ Nickname: 'By me' });
      assert.equal(await visitor.told(), 'Saved: Nickname');
      assert.deepEqual(await visitor.values('Display name', 'Nickname'), { 'Display name': 'By the other', Nickname: 'By me' });
    });

    test(`of the same field both versions are shown, and saving again takes one's own, ${how}`, async (t) => {
      const visitor = await arrive(t, 'rival', { javaScriptEnabled });
      await api(await tokenOf(visitor), 'PATCH', '/api/profile', { name: 'By the other' });
      await visitor.save({ 'Display name': 'By me', Nickname: 'Nick' });
      assert.match(await visitor.told(), /Both versions are shown/);
      assert.match((await visitor.describes('Display name'))[0], /By the other/);
      assert.deepEqual(await visitor.values('Display name', 'Nickname'), { 'Display name': 'By me', Nickname: 'Nick' });
      assert.equal((await api(await tokenOf(visitor))).name, 'By the other');
      await visitor.save();
      assert.equal(await visitor.told(), 'Saved: Display name and Nickname');
      assert.equal((await api(await tokenOf(visitor))).name, 'By me');
    });

    test(`nothing typed is lost when the session ends, and a sign-in in a new tab saves it, ${how}`, async (t) => {
      const visitor = await arrive(t, 'sleeper', { javaScriptEnabled });
      await hands(javaScriptEnabled ? 'forget' : 'expire', { user: visitor.login });
      await visitor.save({ 'Display name': 'Typed "long" <before>', Nickname: 'Nick' });
      await visitor.heading('Please sign in again');
      const typed = { 'Display name': 'Typed "long" <before>', Nickname: 'Nick' };
      assert.deepEqual(await visitor.values(...Object.keys(typed)), typed);
      const opened = visitor.context.waitForEvent('page');
      await visitor.page.getByRole('link', { name: 'Sign in, in a new tab' }).click();
      const tab = await opened;
      await tab.waitForURL(`${PAGE_URL}/account`);
      await visitor.save();
      assert.equal(await visitor.told(), 'Saved: Display name and Nickname');
      assert.deepEqual(await visitor.values(...Object.keys(typed)), typed);
      visitor.assertQuiet();
    });

    test(`all of one's data is a file, and is erased for good where the box is ticked, ${how}`, async (t) => {
      const visitor = await arrive(t, 'leaver', { javaScriptEnabled });
      await visitor.save({ 'Display name': `Name of ${visitor.login}` });
      const [file] = await Promise.all([
        visitor.page.waitForEvent('download'),
        visitor.page.getByRole('link', { name: 'Download everything that is kept about you' }).click(),
      ]);
      assert.equal(file.suggestedFilename(), 'profile.json');
      await visitor.page.locator('summary').click();
      const erase = visitor.page.getByRole('button', { name: 'Erase my profile' });
      await erase.click();
      assert.equal(new URL(visitor.page.url()).pathname, '/account');
      await visitor.page.getByLabel('Yes, erase all of it').check();
      await Promise.all([visitor.page.waitForURL(/\/erase$/), erase.click()]);
      assert.equal(await visitor.page.getByRole('heading', { level: 1 }).textContent(), 'Your profile is erased');
      await visitor.page.goto(`${PAGE_URL}/account`);
      assert.equal(await visitor.page.getByRole('link', { name: 'Sign in' }).count(), 1);
      visitor.assertQuiet();
    });

    test(`a new picture is made on request, ${how}`, async (t) => {
      const visitor = await arrive(t, 'model', { javaScriptEnabled });
      const before = await visitor.field('Picture address').inputValue();
      await visitor.press('Generate a new picture');
      assert.equal(await visitor.told(), 'Saved: Picture address');
      const made = await visitor.field('Picture address').inputValue();
      assert.notEqual(made, before);
      assert.equal(await visitor.page.getByAltText('Your picture').getAttribute('src'), made);
    });
  }

  test('what was typed in one session is not saved in another person’s', async (t) => {
    const visitor = await arrive(t, 'typist');
    const typist = visitor.login;
    await visitor.type({ 'Display name': 'Of the typist' });
    const tab = await visitor.context.newPage();
    await visitor.context.clearCookies();
    await visitor.signIn(login('intruder'), tab);
    await visitor.save();
    await visitor.heading('Please sign in again');
    assert.equal(await visitor.field('Display name').inputValue(), 'Of the typist');
    for (const each of [typist, visitor.login]) {
      assert.equal((await api(await hands('token', { login: each }))).name, `Name of ${each}`);
    }
  });

  test('while a username is typed the page says whether it is free', async (t) => {
    const owner = await arrive(t, 'holder');
    const visitor = await arrive(t, 'seeker');
    const said = visitor.page.locator('[data-checked]');
    for (const [typed, expected] of [
      [owner.login.replaceAll('-', '_'), 'Somebody else has this username.'],
      ['9lives', 'This may have letters, digits and underscores only, and must not begin with a digit.'],
        [unique(visitor, 'free'), '✓'],
    ]) {
      await visitor.field('Username').pressSequentially('x');
      await visitor.field('Username').fill(typed);
      await said.filter({ hasText: expected }).waitFor();
    }
  });

  test('a picture is shown as soon as its address was typed, and one that is none is not', async (t) => {
    const visitor = await arrive(t, 'painter');
    const picture = visitor.page.getByAltText('Your picture');
    const stored = await picture.getAttribute('src');
    await visitor.type({ 'Picture address': 'https://elsewhere.example/me.svg' });
    await visitor.field('Picture address').blur();
    assert.equal(await picture.getAttribute('src'), 'https://elsewhere.example/me.svg');
    for (const typed of ['javascript:alert(1)', 'data:image/svg+xml,<svg/>', 'nonsense', 'https://name:word@elsewhere.example/']) {
      await visitor.type({ 'Picture address': typed });
      await visitor.field('Picture address').blur();
      assert.equal(await picture.getAttribute('src'), stored);
    }
    visitor.assertQuiet();
  });

  test('who leaves with something unsaved is asked first, and nobody else', async (t) => {
    const visitor = await arrive(t, 'leaver');
    await visitor.go();
    assert.deepEqual(visitor.dialogs, []);
    await visitor.field('Nickname').pressSequentially('N');
    await visitor.go();
    assert.deepEqual(visitor.dialogs, ['beforeunload']);
    await visitor.field('Nickname').pressSequentially('N');
    await visitor.save();
    await visitor.go();
    assert.deepEqual(visitor.dialogs, ['beforeunload']);
  });

  test('who leaves after a save that did not succeed is asked first, too', async (t) => {
    const visitor = await arrive(t, 'unlucky');
    await visitor.field('Username').pressSequentially('%');
    await visitor.save();
    assert.match(await visitor.told(), /^Nothing was saved/);
    await visitor.field('Nickname').click();
    await visitor.go();
    assert.deepEqual(visitor.dialogs, ['beforeunload']);
  });

  test('what an app keeps is shown, comes as a file digit for digit, and is deleted', async (t) => {
    const operator = await hands('token', { login: login('operator') });
    const { app_id: app } = await api(operator, 'POST', '/operator/app/register', { app: 'A <b>game</b>', description: 'Levels' });
    const visitor = await arrive(t, 'player');
    const kept = '{"big":12345678901234567890.10,"tiny":1E-400,"html":"<script>alert(1)</script>","order":{"b":1,"a":2}}';
    await api(await tokenOf(visitor), 'PUT', `/user/profiles/${app}`, kept);
    await visitor.go();
    const download = visitor.page.waitForEvent('download');
    await visitor.page.getByRole('link', { name: 'Download A <b>game</b>' }).click();
    assert.equal((await download).suggestedFilename(), `app-${app}.json`);
    const stream = await (await download).createReadStream();
    assert.equal(Buffer.concat(await stream.toArray()).toString(), kept);
    await visitor.page.getByRole('link', { name: 'View A <b>game</b>' }).click();
    const shown = await visitor.page.locator('pre').innerText();
    assert.equal(shown.replace(/\s/g, ''), kept);
    await visitor.press('Delete this data');
    await visitor.page.waitForURL(/\/account\?/);
    assert.deepEqual(visitor.dialogs, ['confirm']);
    await visitor.page.getByText('No app keeps anything about you here.').waitFor();
    assert.deepEqual(visitor.complaints, []);
  });

  test('an app’s data is deleted without a script, too', async (t) => {
    const operator = await hands('token', { login: login('operator') });
    const { app_id: app } = await api(operator, 'POST', '/operator/app/register', { app: 'Plain' });
    const visitor = await arrive(t, 'player', { javaScriptEnabled: false });
    await api(await tokenOf(visitor), 'PUT', `/user/profiles/${app}`, '[1]');
    await visitor.go(`/account/apps/${app}`);
    await visitor.press('Delete this data');
    await visitor.page.getByText('No app keeps anything about you here.').waitFor();
  });

  test('the page tells who changed what, the newest first', async (t) => {
    const visitor = await arrive(t, 'historian');
    await visitor.save({ Nickname: 'One', Birthday: '1990-12-31' });
    const first = await visitor.page.locator('.history > li').first().innerText();
    assert.match(first.replace(/\s+/g, ' '), / UTC you changed · (Nickname and Birthday|Birthday and Nickname)$/);
  });

  test('after a save that failed, what another client has saved in fields that were not touched stays', async (t) => {
    const visitor = await arrive(t, 'merger');
    await api(await tokenOf(visitor), 'PATCH', '/api/profile', { name: 'By the other' });
    await visitor.save({ Username: '1st' });
    await visitor.save({ Username: unique(visitor, 'v') });
    assert.equal((await api(await tokenOf(visitor))).name, 'By the other');
    assert.equal(await visitor.told(), 'Saved: Username');
  });

  test('after a save that failed, what another client has saved in the same field is shown before it is replaced', async (t) => {
    const visitor = await arrive(t, 'rival');
    await api(await tokenOf(visitor), 'PATCH', '/api/profile', { name: 'By the other' });
    await visitor.save({ 'Display name': 'By me', Username: '1st' });
    await visitor.save({ Username: unique(visitor, 'v') });
    assert.match(await visitor.told(), /Both versions are shown/);
    assert.equal((await api(await tokenOf(visitor))).name, 'By the other');
  });

  test('after a conflict, what another client has saved in fields that were not touched stays', async (t) => {
    const visitor = await arrive(t, 'merger');
    const username = unique(visitor, 'other');
    await api(await tokenOf(visitor), 'PATCH', '/api/profile', { name: 'By the other', username });
    await visitor.save({ 'Display name': 'By me' });
    await visitor.save();
    assert.equal(await visitor.told(), 'Saved: Display name');
    assert.equal((await api(await tokenOf(visitor))).username, username);
  });
});
