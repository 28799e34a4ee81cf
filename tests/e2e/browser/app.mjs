// A single-page app: signs in at the provider by code and PKCE, shows the profile and changes it.
// An answer that the browser keeps from the script has the status "unreadable".

import { UserManager } from 'oidc-client-ts';

import { ProfileAPI } from './api.mjs';

const settings = await (await fetch('/settings.json')).json();
const users = new UserManager({
  authority: settings.issuer,
  client_id: 'spa',
  redirect_uri: `${location.origin}/callback`,
  scope: 'openid profile email',
  resource: settings.resource,
  automaticSilentRenew: false,
});
const api = new ProfileAPI(settings.api, async () => (await users.getUser()).access_token);

const signInForm = document.getElementById('sign-in');
const changeForm = document.getElementById('change');

const output = (id) => document.getElementById(id);

function put(texts) {
  for (const [id, text] of Object.entries(texts)) {
    output(id).value = text ?? '';
  }
}

// The name, the username and the ETag stay until the next profile comes: an error says nothing about them.
function show({ status, etag, challenge, body }) {
  if (status === 200) {
    put({ name: body.name, username: body.username, etag });
  }
  put({ message: body.message, details: body.details, challenge, status });
}

async function ask(question) {
  put({ status: '' });
  try {
    show(await question());
  } catch (error) {
    show({ status: 'unreadable', body: { message: String(error) } });
  }
}

const read = () => ask(() => api.read());

// A field that is left empty is left as it is.
function wanted() {
  return Object.fromEntries([...new FormData(changeForm)].filter(([, value]) => value !== ''));
}

signInForm.addEventListener('submit', (event) => {
  event.preventDefault();
  users.signinRedirect({ login_hint: signInForm.elements.login.value });
});

changeForm.addEventListener('submit', (event) => {
  event.preventDefault();
  ask(() => api.change(wanted(), output('etag').value));
});

output('reload').addEventListener('click', read);

if (location.pathname === '/callback') {
  await users.signinCallback();
  history.replaceState(null, '', '/');
  await read();
}
