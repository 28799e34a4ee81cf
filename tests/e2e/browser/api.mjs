// The profile as a page of another origin gets it: only what the browser lets a script read.

export class ProfileAPI {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  read() {
    return this.call('GET', {});
  }

  // Only if the profile is still the one that the page shows.
  change(wanted, etag) {
    const headers = { 'Content-Type': 'application/json', 'If-Match': etag };
    return this.call('PATCH', headers, JSON.stringify(wanted));
  }

  async call(method, headers, body) {
    const authorization = { Authorization: `Bearer ${await this.token()}` };
    const answer = await fetch(`${this.url}/api/profile`, { method, headers: { ...headers, ...authorization }, body });
    return {
      status: answer.status,
      etag: answer.headers.get('ETag'),
      challenge: answer.headers.get('WWW-Authenticate'),
      body: await answer.json(),
    };
  }
}
