// A person at the app: what they do, and what they then see. Also listens to what the browser says about it.

const OUTPUTS = ['status', 'name', 'username', 'etag', 'message', 'details', 'challenge'];

export class Tab {
  constructor(page) {
    this.page = page;
    this.complaints = [];
    page.on('console', (said) => said.type() === 'error' && this.complaints.push(said.text()));
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  static async open(context, origin) {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(origin);
    return tab;
  }

  async signIn(login) {
    await this.page.getByLabel('Login').fill(login);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    return this.seen();
  }

  async save({ name = '', username = '' }) {
    await this.page.getByLabel('New name').fill(name);
    await this.page.getByLabel('New username').fill(username);
    await this.page.getByRole('button', { name: 'Save' }).click();
    return this.seen();
  }

  async reload() {
    await this.page.getByRole('button', { name: 'Reload' }).click();
    return this.seen();
  }

  // Waits for the answer: the app clears the status when it asks.
  async seen() {
    await this.page.locator('#status:not(:empty)').waitFor().catch((error) => this.explain(error));
    const texts = OUTPUTS.map(async (id) => [id, await this.page.locator(`#${id}`).textContent()]);
    return Object.fromEntries(await Promise.all(texts));
  }

  explain(error) {
    const said = this.complaints.join('\n');
    throw new Error(`no answer at ${this.page.url()}; the browser says: ${said}`, { cause: error });
  }

  // As if the token that oidc-client-ts keeps had been damaged.
  async replaceToken(token) {
    await this.page.evaluate((damaged) => {
      const key = Object.keys(sessionStorage).find((name) => name.startsWith('oidc.user:'));
      const user = JSON.parse(sessionStorage.getItem(key));
      sessionStorage.setItem(key, JSON.stringify({ ...user, access_token: damaged }));
    }, token);
  }

  // The methods of the requests to this address from now on, preflights included, in no particular order.
  async sent(address) {
    const methods = [];
    const session = await this.page.context().newCDPSession(this.page);
    session.on('Network.requestWillBeSent', ({ request }) => request.url === address && methods.push(request.method));
    await session.send('Network.enable');
    return methods;
  }
}
