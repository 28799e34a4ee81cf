// What stands between the page and the world: a proxy that speaks https, and somebody else's server.

import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

import { BEHIND_SECURE_URL, CERTIFICATE, SECURE_URL } from './visitor.mjs';

const listening = (server, port, host) => new Promise((resolve) => server.listen(port, host, () => resolve(server)));

// Ends TLS and hands everything on, as reverse proxies do. Ends with the test.
export async function secured(t) {
  const pem = readFileSync(CERTIFICATE);
  const server = createSecureServer({ key: pem, cert: pem }, (asked, answer) => {
    const { method, headers } = asked;
    const onward = request(BEHIND_SECURE_URL + asked.url, { method, headers }, (got) => {
      answer.writeHead(got.statusCode, got.rawHeaders);
      got.pipe(answer);
    });
    asked.pipe(onward);
  });
  t.after(() => server.close());
  return listening(server, new URL(SECURE_URL).port, '127.0.0.1');
}

// Serves one content at every path of a loopback host, and remembers what it was asked. Ends with the test.
export async function server(t, content, type = 'text/html', host = 'localhost') {
  const asked = [];
  const running = await listening(createServer((request, answer) => {
    asked.push(request);
    answer.writeHead(200, { 'content-type': type }).end(content);
  }), 0, '127.0.0.1');
  t.after(() => running.close());
  return { asked, url: `http://${host}:${running.address().port}` };
}
