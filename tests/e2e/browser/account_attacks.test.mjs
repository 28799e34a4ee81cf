// What other people's pages, and what people put into their profiles, cannot do. A page on localhost is another site;
// one on another port of 127.0.0.1 is the same site and another origin, and gets the cookies.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { secured, server } from './elsewhere.mjs';
import { PAGE_URL, SECURE_URL, Visitor, api, hands, inBrowser, login } from './visitor.mjs';

const IMAGE = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const HOSTILE = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' autofocus onfocus=alert(1) x='",
  '</title><svg onload=alert(1)>', '{{ 7*7 }}{% raw %}', '&lt;script&gt;alert(1)&lt;/script&gt;', 'javascript:alert(1)',
];

const arrive = async (t, kind, options) => (await Visitor.arrive(t, options)).signIn(login(kind));

const tokenOf = (visitor) => hands('token', { login: visitor.login });

// A page that sends a form to ours as soon as it is open.
const attacking = (path, fields) => `<!doctype html><form method="post" action="${PAGE_URL}${path}">${Object.entries(fields)
  .map(([name, value]) => `<input name="${name}" value="${value}">`).join('')}</form><script>document.forms[0].submit()</script>`;

async function operatorSees(t, id) {
  const operator = await arrive(t, 'operator');
  await operator.go(`/account/operator?q=${encodeURIComponent(id)}`);
  await operator.go(`/account/operator/user?user_id=${encodeURIComponent(id)}`);
  return operator;
}

inBrowser('attacks', () => {
  for (const host of ['localhost', '127.0.0.1']) {
    test(`a form on a page of ${host} changes nothing and signs nobody out`, async (t) => {
      const visitor = await arrive(t, 'victim');
      const { value } = await visitor.cookie();
      for (const [path, fields] of [
        ['/account/profile', { user: visitor.login, name: 'Mallory', 'was.name': `Name of ${visitor.login}` }],
        ['/account/avatar', {}],
        ['/account/sign-out', {}],
      ]) {
        const { url } = await server(t, attacking(path, fields), 'text/html', host);
        await visitor.page.goto(url);
        await visitor.page.waitForURL(PAGE_URL + path);
        await visitor.page.getByText('This form was not sent from our page. Nothing was changed.').waitFor();
      }
      await visitor.go();
      assert.equal(await visitor.field('Display name').inputValue(), `Name of ${visitor.login}`);
      assert.equal(await visitor.field('Picture address').inputValue(), `https://pictures.example/${visitor.login}.png`);
      assert.equal((await visitor.cookie()).value, value);
    });

    test(`a script on a page of ${host} reads nothing and changes nothing`, async (t) => {
      const visitor = await arrive(t, 'victim');
      const { url } = await server(t, '<!doctype html>', 'text/html', host);
      const page = await visitor.context.newPage();
      await page.goto(url);
      const found = await page.evaluate(async (ours) => {
        const body = new URLSearchParams({ name: 'Mallory', 'was.name': 'x' });
        const unread = (asked) => asked.then((answer) => answer.text()).catch(() => 'unread');
        return Promise.all([
          unread(fetch(`${ours}/account`, { credentials: 'include' })),
          unread(fetch(`${ours}/account/username?username=free`, { credentials: 'include' })),
          unread(fetch(`${ours}/account/profile`, { method: 'POST', body, credentials: 'include' })),
          fetch(`${ours}/account/avatar`, { method: 'POST', mode: 'no-cors', credentials: 'include' }).then(() => 'sent', () => 'kept'),
        ]);
      }, PAGE_URL);
      assert.deepEqual(found.slice(0, 3), ['unread', 'unread', 'unread']);
      const { name, avatar } = await api(await tokenOf(visitor));
      assert.deepEqual([name, avatar], [`Name of ${visitor.login}`, `https://pictures.example/${visitor.login}.png`]);
    });

    test(`no page of ${host} shows ours in a frame`, async (t) => {
      const visitor = await arrive(t, 'framed');
      const { url } = await server(t, `<!doctype html><iframe src="${PAGE_URL}/account"></iframe>`, 'text/html', host);
      await visitor.page.goto(url);
      const frame = visitor.page.frames()[1];
      assert.ok(!(await frame.content()).includes('Your profile'));
      assert.match(visitor.complaints.join(), /frame-ancestors/);
    });
  }

  test('a page that opens ours in a window cannot reach into it', async (t) => {
    const visitor = await arrive(t, 'opened');
    const { url } = await server(t, '<!doctype html>', 'text/html', '127.0.0.1');
    await visitor.page.goto(url);
    const opened = visitor.context.waitForEvent('page');
    await visitor.page.evaluate((ours) => { globalThis.other = open(ours); }, `${PAGE_URL}/account`);
    await (await opened).getByRole('heading', { name: 'Your profile' }).waitFor();
    await visitor.page.waitForFunction(() => globalThis.other.closed); // severed, as Cross-Origin-Opener-Policy has it
  });

  test('nothing that was typed into a profile ever runs, whoever looks at it', async (t) => {
    const visitor = await arrive(t, 'scripter');
    for (const text of HOSTILE) {
      await visitor.save({ 'Display name': text, 'Given name': text, Nickname: text, Website: text, Language: text });
      assert.equal(await visitor.field('Display name').inputValue(), text);
      assert.equal(await visitor.page.locator('h2').first().innerText(), text);
    }
    visitor.assertQuiet();
    const operator = await operatorSees(t, visitor.login);
    await operator.heading('javascript:alert(1)');
    operator.assertQuiet();
  });

  test('nothing that a provider claims ever runs', async (t) => {
    const visitor = await arrive(t, 'hostile');
    assert.equal(await visitor.field('Display name').inputValue(), '<script>alert(1)</script>');
    assert.doesNotMatch(await visitor.page.getByAltText('Your picture').getAttribute('src'), /^javascript/);
    visitor.assertQuiet();
    (await operatorSees(t, visitor.login)).assertQuiet();
  });

  test('an address that is none of the web is refused as a picture, and none is ever loaded', async (t) => {
    const visitor = await arrive(t, 'painter');
    for (const address of ['javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'data:image/svg+xml,<svg/>', 'file:///etc/passwd', '//elsewhere.example/x']) {
      await visitor.save({ 'Picture address': address });
      assert.match((await visitor.describes('Picture address'))[0], /must be an address/);
      assert.equal(await visitor.page.getByAltText('Your picture').getAttribute('src'), `https://pictures.example/${visitor.login}.png`);
    }
    visitor.assertQuiet();
  });

  test('nothing that an app stores or is called ever runs', async (t) => {
    const operator = await hands('token', { login: login('operator') });
    const called = { app: HOSTILE[0], description: HOSTILE[1] };
    const { app_id: app } = await api(operator, 'POST', '/operator/app/register', called);
    const visitor = await arrive(t, 'player');
    await api(await tokenOf(visitor), 'PUT', `/user/profiles/${app}`, { '<img src=x onerror=alert(1)>': HOSTILE });
    await visitor.go();
    await visitor.go(`/account/apps/${app}`);
    assert.ok((await visitor.page.locator('pre').innerText()).includes(HOSTILE[1].replace('"', '\\"')));
    visitor.assertQuiet();
  });

  test('an injected script would not run, because the policy forbids it', async (t) => {
    const visitor = await arrive(t, 'injected');
    await visitor.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'alert(1)';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="/account/static/none" onerror="alert(1)"><b style="color:red">');
    });
    await visitor.page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/none')));
    assert.deepEqual(visitor.dialogs, []);
    const policy = visitor.complaints.filter((text) => text.includes('Content Security Policy'));
    assert.ok(policy.length >= 2, policy.join('\n'));
  });

  test('nobody but the picture’s server is ever asked, and it is told nothing', async (t) => {
    const visitor = await arrive(t, 'private');
    const pictures = await server(t, IMAGE, 'image/svg+xml');
    await visitor.save({ 'Picture address': `${pictures.url}/me.svg` });
    await visitor.page.waitForFunction(() => document.querySelector('[data-avatar]').naturalWidth > 0);
    assert.ok(pictures.asked.length > 0);
    for (const { headers } of pictures.asked) {
      assert.deepEqual([headers.referer, headers.cookie, headers.origin], [undefined, undefined, undefined]);
    }
    const others = visitor.elsewhere.map((asked) => asked.url());
    assert.deepEqual([...new Set(others)], [`https://pictures.example/${visitor.login}.png`]);
    visitor.assertQuiet();
  });

  test('on https the cookies are for https only, and for this host only', async (t) => {
    await secured(t);
    const visitor = await arrive(t, 'secure', { url: SECURE_URL });
    const { secure, httpOnly, sameSite, path, domain } = await visitor.cookie('__Host-profilegate');
    assert.deepEqual({ secure, httpOnly, sameSite, path, domain },
      { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1' });
    await visitor.save({ Nickname: 'Nick' });
    assert.equal(await visitor.told(), 'Saved: Nickname');
    assert.equal(await visitor.cookie('__Host-profilegate-sign-in'), undefined);
    visitor.assertQuiet();
  });
});
