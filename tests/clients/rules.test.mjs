// The TypeScript client's own rules, against a server that answers as it is told.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { inspect } from 'node:util';

const { ProfileClient, ProfileError, secondsTold } = await import(process.env.PROFILE_CLIENT);

const NOW = Date.UTC(2026, 0, 28, 10);
const USER = { id: 'ann', name: 'Ann' };
const TAG = { etag: '"1-x-0"' };
const LOST = 'lost';
const SILENT = 'silent';

let steps = [];
let asked = [];
const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    asked.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(pieces).toString() });
    const step = steps.length > 1 ? steps.shift() : steps[0];
    if (step === LOST) return request.socket.destroy();
    if (step === SILENT) return undefined;
    const [status, body, headers] = step;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    return response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;
after(() => { server.closeAllConnections(); server.close(); });

const fine = (body = USER, headers = TAG) => [200, body, headers];
const busy = (headers = {}, status = 503) => [status, { message: 'Later.', code: 'service.unavailable' }, headers];
const refused = (error, headers) => [401, { message: 'No.', code: 'auth.unauthorized' },
  { 'www-authenticate': `Bearer error="${error}"`, ...headers }];
const conflict = [412, { message: 'Changed.', code: 'entity.precondition_failed' }, {}];

/** A client of a server that gives these answers, the last again and again; it does not really sleep. */
function world(given, options = {}) {
  [steps, asked] = [[...given], []];
  const slept = [];
  const sleep = async (seconds) => void slept.push(seconds);
  const client = new ProfileClient({ url, token: () => 'a-token', sleep, random: () => 1, now: () => NOW, ...options });
  return { client, slept };
}

const methods = () => asked.map((each) => each.method);
const error = async (promise) => {
  const caught = await promise.then(() => assert.fail('no error'), (reason) => reason);
  assert.ok(caught instanceof ProfileError, inspect(caught));
  return caught;
};
const louder = (user) => ({ name: `${user.name}!` });

test('the token goes with each request, and a value comes with its version', async () => {
  const { client } = world([fine()]);
  assert.deepEqual(await client.me.get(), { value: USER, etag: '"1-x-0"' });
  assert.equal(asked[0].headers.authorization, 'Bearer a-token');
});

test('a refused token is followed by another, once', async () => {
  const tokens = ['old', 'new', 'newer'];
  const { client } = world([refused('invalid_token'), fine()], { token: async () => tokens.shift() });
  await client.me.patch({ name: 'Ann' });
  assert.deepEqual(asked.map((each) => each.headers.authorization), ['Bearer old', 'Bearer new']);
  const more = 'abc'.split('');
  const again = world([refused('invalid_token')], { token: () => more.shift() });
  assert.equal((await error(again.client.me.get())).status, 401);
  assert.equal(asked.length, 2);
});

test('what is no token is neither sent nor shown', async () => {
  for (const token of [undefined, '', 'two words', 'a\nb']) {
    const { client } = world([fine()], { token: () => token });
    await assert.rejects(client.me.get(), { name: 'TypeError', message: /gave something that is no access token$/ });
    assert.deepEqual(asked, []);
  }
});

test('a client shows no token', async () => {
  const { client } = world([fine()], { token: () => 'a-secret' });
  await client.me.get();
  assert.doesNotMatch(inspect(client, { depth: 9, showHidden: true }), /a-secret/);
});

test('a busy service is asked again when it said', async () => {
  for (const status of [429, 503]) {
    const { client, slept } = world([busy({ 'retry-after': '7' }, status), fine()]);
    assert.equal((await client.me.get()).value.name, 'Ann');
    assert.deepEqual(slept, [7]);
  }
});

test('dates are waited for, and nobody waits longer than the longest wait', async () => {
  const date = new Date(NOW + 12_000).toUTCString();
  const { client, slept } = world([busy({ 'retry-after': date }), busy({ 'retry-after': '3600' }), fine()]);
  await client.me.get();
  assert.deepEqual(slept, [12, 30]);
});

test('without a word the waits grow, and after the last retry the error tells all', async () => {
  const { client, slept } = world([busy(), busy(), busy({ 'retry-after': '90' })]);
  const { status, code, message, retryAfter, body } = await error(client.me.get());
  assert.deepEqual([status, code, message, retryAfter, body.code], [503, 'service.unavailable', 'Later.', 90, code]);
  assert.deepEqual(slept, [0.25, 0.5]);
});

test('no other error is tried again', async () => {
  for (const status of [400, 403, 404, 409, 422, 500, 502]) {
    const { client } = world([busy({ 'retry-after': '1' }, status)]);
    assert.equal((await error(client.me.get())).status, status);
    assert.equal(asked.length, 1);
  }
});

test('a lost answer to a read is asked for again', async () => {
  const { client } = world([LOST, fine()]);
  assert.equal((await client.me.get()).value.id, 'ann');
});

test('what may have been done is not done again', async () => {
  const writes = [
    (client) => client.me.patch({ name: 'Ann' }),
    (client) => client.profiles.put('ann', { regenerate_avatar: true }),
    (client) => client.apps.put(0, {}, { ifMatch: '"1"' }),
    (client) => client.apps.put(0, {}, { onlyNew: true }),
    (client) => client.operator.register({ app: 'Diary' }),
    (client) => client.me.change(louder).finally(() => asked.shift()),
  ];
  for (const write of writes) {
    const { client } = world([LOST, fine()]);
    if (write === writes.at(-1)) steps.unshift(fine());
    assert.equal((await error(write(client))).code, 'unreachable');
    assert.equal(asked.length, 1, write.toString());
  }
});

test('what a busy service put off is sent again, and not when it does not say until when', async () => {
  const { client } = world([busy({ 'retry-after': '1' }), fine()]);
  await client.me.patch({ name: 'Ann' });
  assert.deepEqual(methods(), ['PATCH', 'PATCH']);
  const silent = world([busy(), fine()]);
  await error(silent.client.me.patch({ name: 'Ann' }));
  assert.deepEqual(methods(), ['PATCH']);
});

test('a change is written on the version that was read, and decided again after a conflict', async () => {
  const { client } = world([fine(), conflict, fine({ id: 'ann', name: 'Bob' }, { etag: '"2"' }), fine()]);
  await client.me.change(louder);
  assert.deepEqual(methods(), ['GET', 'PATCH', 'GET', 'PATCH']);
  assert.deepEqual(asked.map((each) => each.headers['if-match']), [undefined, '"1-x-0"', undefined, '"2"']);
  assert.equal(asked.at(-1).body, '{"name":"Bob!"}');
});

test('after the last round the conflict is thrown', async () => {
  const { client } = world([fine(), conflict, fine(), conflict, fine()]);
  assert.equal((await error(client.me.change(louder, { rounds: 2 }))).status, 412);
  assert.equal(asked.length, 4);
});

test('who decides to leave it writes nothing', async () => {
  const { client } = world([fine()]);
  assert.equal((await client.me.change(async () => undefined)).value.name, 'Ann');
  assert.deepEqual(methods(), ['GET']);
});

test('a first document is stored only where there is none', async () => {
  const { client } = world([fine({ profiles: [] }, {}), fine({ app_id: 0 })]);
  await client.apps.change(0, (current) => (current ? undefined : { visits: 1 }));
  assert.equal(asked.at(-1).headers['if-none-match'], '*');
});

test('each request has a proof of its own, and a wanted nonce is given once and kept', async () => {
  const wanted = [];
  const proof = (...given) => ({ dpop: `proof ${wanted.push(given)}` });
  const { client } = world([refused('use_dpop_nonce', { 'dpop-nonce': 'n1' }), fine()], { proof });
  await client.me.patch({ name: 'Ann' });
  await client.me.get();
  assert.deepEqual(wanted.map((each) => each[3]), [undefined, 'n1', 'n1']);
  assert.deepEqual(wanted[0].slice(0, 3), ['PATCH', `${url}/api/profile`, 'a-token']);
  assert.deepEqual([asked[2].headers.authorization, asked[2].headers.dpop], ['DPoP a-token', 'proof 3']);
});

test('no redirect is followed', async () => {
  const { client } = world([[307, '', { location: '/elsewhere' }], fine()]);
  assert.equal((await error(client.me.get())).code, 'redirected');
  assert.equal(asked.length, 1);
});

test('an answer that is too large is not read to its end, and is not asked for again', async () => {
  const { client } = world([fine({ id: 'x'.repeat(1000) })], { largestAnswer: 999 });
  assert.equal((await error(client.me.get())).code, 'answer_too_large');
  assert.equal(asked.length, 1);
});

test('an answer that is no JSON, or has no version, is not understood', async () => {
  assert.equal((await error(world([fine('<html>')]).client.me.get())).code, 'not_understood');
  assert.equal((await error(world([fine(USER, {})]).client.me.get())).code, 'not_understood');
});

test('an error that is not the service\'s own has no body', async () => {
  const { status, code, body } = await error(world([[502, '<html>', {}]]).client.me.get());
  assert.deepEqual([status, code, body], [502, 'refused', undefined]);
});

test('no user id leads to another address', async () => {
  for (const id of ['//evil.example', '@evil.example', '../../x', 'a?b#c', '%2e%2e', 'é']) {
    await world([fine()]).client.profiles.get(id);
    assert.equal(asked[0].url, `/v1/profiles/user/${encodeURIComponent(id)}`);
  }
  for (const id of ['.', '..']) {
    await assert.rejects(world([fine()]).client.profiles.get(id), { name: 'TypeError' });
    assert.deepEqual(asked, []);
  }
});

test('a url that no service can have is refused', () => {
  for (const given of ['profiles.example', 'ftp://x.example', 'https://u:p@x.example', 'https://x?y', 'https://x#y']) {
    assert.throws(() => new ProfileClient({ url: given, token: () => 'x' }), { name: 'TypeError' });
  }
});

test('a service may be mounted under a path', async () => {
  await world([fine()], { url: `${url}/gateway/` }).client.me.get();
  assert.equal(asked[0].url, '/gateway/api/profile');
});

test('a program that gives up ends the request and the waiting with its own reason', async () => {
  const reason = new Error('the page was left');
  const silent = new AbortController();
  const { client } = world([SILENT], { retries: 0 });
  const waiting = client.me.get({ signal: silent.signal });
  while (asked.length === 0) await new Promise(setImmediate);
  silent.abort(reason);
  await assert.rejects(waiting, reason);
  const patient = new AbortController();
  const other = world([busy({ 'retry-after': '30' })], { sleep: undefined });
  const retrying = other.client.me.get({ signal: patient.signal });
  while (asked.length === 0) await new Promise(setImmediate);
  patient.abort(reason);
  await assert.rejects(retrying, reason);
  await assert.rejects(other.client.me.get({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal(asked.length, 1);
});

test('a service that says nothing is unreachable in the end', async () => {
  assert.equal((await error(world([SILENT], { timeout: 0.05, retries: 0 }).client.me.get())).code, 'unreachable');
});

test('a bulk is sent again only when its items are still there', async () => {
  const items = [{ app_id: 0, user_id: 'ann', profile_data: {} }];
  const done = [201, { created: 1, profiles: [], skipped: 0 }, {}];
  const { client } = world([busy({ 'retry-after': '1' }), done]);
  assert.equal((await client.operator.createBulk(items)).created, 1);
  assert.deepEqual(asked.map((each) => each.body), Array(2).fill(JSON.stringify({ profiles: items })));
  assert.equal(asked[0].url, '/operator/profile/create-bulk?mode=all&on_conflict=error');
  const once = world([busy({ 'retry-after': '1' }), done]);
  assert.equal((await error(once.client.operator.createBulk(items.values()))).status, 503);
});

test('an error of a bulk\'s items is the program\'s own', async () => {
  async function* items() {
    yield { app_id: 0, user_id: 'ann', profile_data: {} };
    throw new RangeError('no more rows');
  }
  await assert.rejects(world([fine()]).client.operator.createBulk(items()), { name: 'RangeError' });
});

test('what Retry-After says is nothing, or a wait within the bounds', () => {
  const texts = [null, '', 'soon', '-1', '1.5', '5 apples', '٣', 'Wed, 99 Foo 2026 10:00:00 GMT', '9'.repeat(5000),
    'Wed, 28 Jan 2026 10:00:09 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT'];
  const found = texts.map((text) => secondsTold(text, NOW / 1000, 30));
  assert.deepEqual(found, [...Array(8).fill(undefined), 30, 9, 0]);
});
