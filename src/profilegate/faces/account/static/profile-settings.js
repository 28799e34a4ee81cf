// <profile-settings api="https://profiles.example"> for other people's account pages. Give it the user's access token:
//
//   document.querySelector("profile-settings").token = async () => "the provider's access token for this API";
//
// It reads and changes the profile by GET and PATCH /api/profile, follows /api/profile/capabilities, and says
// `profile-saved` (a CustomEvent, the record in `detail`) when something was saved. The page's origin must be among
// `server.cors_origins`. Colours, corners and font are the custom properties below. Texts can be replaced by `texts`.

const STYLE = `
:host { display: block; font: var(--profile-font, 1rem/1.5 system-ui, sans-serif); color: var(--profile-ink, inherit); max-inline-size: 34rem; }
:host([hidden]) { display: none; }
form { display: grid; gap: 1rem; }
.who { display: flex; gap: 1rem; align-items: center; }
img { inline-size: 72px; block-size: 72px; border-radius: 50%; object-fit: cover; background: color-mix(in srgb, currentColor 8%, transparent); }
label { display: block; font-weight: 600; }
input { display: block; inline-size: 100%; box-sizing: border-box; margin-block-start: .25rem; min-block-size: 44px; padding: .5rem .7rem; font: inherit; color: inherit;
  background: var(--profile-field, transparent); border: 1px solid var(--profile-line, #8a91a0); border-radius: var(--profile-radius, 9px); }
input:disabled { border-style: dashed; }
input[aria-invalid="true"] { border-color: var(--profile-wrong, #b3261e); border-width: 2px; }
button { justify-self: start; min-block-size: 44px; padding: .55rem 1.2rem; font: inherit; font-weight: 600; cursor: pointer; border: 1px solid transparent;
  color: var(--profile-on-accent, #fff); background: var(--profile-accent, #3056d3); border-radius: var(--profile-radius, 9px); }
button:disabled { opacity: .6; cursor: default; }
:focus-visible { outline: 3px solid var(--profile-accent, #3056d3); outline-offset: 2px; }
.problem { color: var(--profile-wrong, #b3261e); font-weight: 400; margin: .25rem 0 0; }
.said { min-block-size: 1.5em; margin: 0; }
`;

const TEXTS = {
  name: "Display name", username: "Username", avatar: "Picture address", save: "Save", saved: "Saved.",
  nothing: "Nothing has changed.", loading: "One moment …", conflict: "Somebody else has changed the profile. Please look again.",
  trouble: "That did not work. Please try again.", signIn: "Please sign in again.",
};

const FIELDS = [["name", "text", "name"], ["username", "text", "username"], ["avatar", "url", "off"]];

const made = (tag, properties = {}, ...inside) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
};

class ProfileSettings extends HTMLElement {
  static observedAttributes = ["api"];
  #token; #texts = TEXTS; #etag; #profile; #shown = false;

  constructor() {
    super();
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE); // not a <style>: pages with a strict Content-Security-Policy allow this
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [style];
  }

  /** A function that gives the user's access token, or a promise of it; asked before each request. */
  set token(give) { this.#token = give; this.refresh(); }
  get token() { return this.#token; }

  /** Texts to use instead, by the names of TEXTS. */
  set texts(texts) { this.#texts = { ...TEXTS, ...texts }; this.refresh(); }

  connectedCallback() { this.refresh(); }
  attributeChangedCallback() { this.refresh(); }

  /** Read the profile again and show it. */
  async refresh() {
    if (!this.isConnected || !this.#token || !this.getAttribute("api")) return;
    if (!this.#shown) this.#say(this.#texts.loading);
    try {
      const [profile, capabilities] = await Promise.all([this.#ask("GET", ""), this.#ask("GET", "/capabilities")]);
      if (!profile.ok || !capabilities.ok) return this.#refused(profile.ok ? capabilities : profile);
      this.#etag = profile.headers.get("etag");
      this.#profile = await profile.json();
      this.#show((await capabilities.json()).fields);
    } catch { this.#say(this.#texts.trouble); }
  }

  async #ask(method, path, body) {
    const headers = { authorization: `Bearer ${await this.#token()}` };
    if (body) Object.assign(headers, { "content-type": "application/json", ...(this.#etag && { "if-match": this.#etag }) });
    const url = `${this.getAttribute("api").replace(/\/+$/, "")}/api/profile${path}`;
    return fetch(url, { method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store" });
  }

  #show(capabilities) {
    this.#shown = true;
    const form = made("form", { noValidate: true });
    const image = made("img", { alt: "", referrerPolicy: "no-referrer", src: this.#profile.avatar ?? "" });
    form.append(made("div", { className: "who" }, image, made("strong", { textContent: this.#profile.name ?? "" })));
    for (const [name, type, autocomplete] of FIELDS) {
      const can = capabilities[name];
      if (!can || can.reason === "off") continue;
      const input = made("input", { name, type, autocomplete, value: this.#profile[name] ?? "", disabled: !can.editable });
      if (can.maxLength) input.maxLength = can.maxLength;
      const problem = made("p", { className: "problem", id: `${name}-problem` });
      input.setAttribute("aria-describedby", problem.id);
      form.append(made("div", {}, made("label", {}, this.#texts[name], input), problem));
    }
    form.append(made("button", { textContent: this.#texts.save }), made("p", { className: "said", role: "status" }));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#save(form); });
    this.shadowRoot.replaceChildren(form);
  }

  async #save(form) {
    const changed = {};
    for (const input of form.querySelectorAll("input:not(:disabled)")) {
      input.removeAttribute("aria-invalid");
      form.querySelector(`#${input.name}-problem`).textContent = "";
      if (input.value !== (this.#profile[input.name] ?? "")) changed[input.name] = input.value || null;
    }
    if (!Object.keys(changed).length) return this.#say(this.#texts.nothing);
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await this.#ask("PATCH", "", changed);
      if (!answer.ok) return await this.#refused(answer, changed);
      await this.refresh();
      this.#say(this.#texts.saved);
      this.dispatchEvent(new CustomEvent("profile-saved", { bubbles: true, composed: true, detail: this.#profile }));
    } catch { this.#say(this.#texts.trouble); } finally { button.disabled = false; }
  }

  /** Nothing that was typed is lost: only what the service says is shown beside it. */
  async #refused(answer, changed = {}) {
    if (answer.status === 401) return this.#say(this.#texts.signIn);
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 412) { this.#etag = null; return this.#say(this.#texts.conflict); }
    const names = Object.keys(changed);
    const field = names.length === 1 ? names[0]
      : names.find((name) => `${told.code} ${told.message} ${JSON.stringify(told.data ?? told.details ?? "")}`.includes(name));
    const problem = field && this.shadowRoot.getElementById(`${field}-problem`);
    if (!problem) return this.#say(told.message ?? this.#texts.trouble);
    problem.textContent = told.message ?? this.#texts.trouble;
    const input = this.shadowRoot.querySelector(`[name="${field}"]`);
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }

  #say(text) {
    const place = this.shadowRoot.querySelector(".said");
    if (place) place.textContent = text;
    else this.shadowRoot.replaceChildren(made("p", { className: "said", role: "status", textContent: text }));
  }
}

customElements.define("profile-settings", ProfileSettings);
