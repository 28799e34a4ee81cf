// A client of profilegate for browsers, Node.js 20 and newer, and Deno. It depends on nothing but `fetch`.
//
//   const client = new ProfileClient({ url: "https://profiles.example", token: () => myAccessToken() });
//   const { value: user } = await client.me.get();
//   await client.me.change((user) => ({ customData: { ...user.customData, visits: visits(user) + 1 } }));
//
// Times in seconds. What is read has an ETag; `change` reads, asks what to do, and writes only if nobody was quicker.
// JSON numbers are JavaScript's here: longer ones come back rounded. `apps.patch` leaves alone what it does not name.

// What goes over the wire. tests/clients holds every field to the OpenAPI document.

export type JSONValue = null | boolean | number | string | JSONValue[] | { [name: string]: JSONValue };
export type Members = { [name: string]: unknown };

/** A profile as anybody of the tenant may see it. Times are RFC 3339, UTC. */
export interface PhoenixProfile {
  tenant_id: string;
  user_id: string;
  name: string;
  avatar_url: string;
  created_at: string | null;
  updated_at: string | null;
}

export interface PhoenixUpdate {
  name?: string | null;
  regenerate_avatar?: boolean;
}

export interface PhoenixError {
  error: string;
  code: string;
}

export interface Address {
  formatted?: string;
  streetAddress?: string;
  locality?: string;
  region?: string;
  postalCode?: string;
  country?: string;
}

export interface OIDCProfile {
  familyName?: string;
  givenName?: string;
  middleName?: string;
  nickname?: string;
  preferredUsername?: string;
  profile?: string;
  website?: string;
  gender?: string;
  birthdate?: string;
  zoneinfo?: string;
  locale?: string;
  address?: Address;
}

/** The caller's whole record. Times are Unix milliseconds. What the token may not see is absent. */
export interface LogtoUser {
  id: string;
  username?: string | null;
  primaryEmail?: string | null;
  primaryPhone?: string | null;
  name?: string | null;
  avatar?: string | null;
  customData?: Members;
  identities?: Members;
  lastSignInAt?: number | null;
  createdAt?: number;
  updatedAt?: number;
  profile?: Members;
  applicationId?: string | null;
  isSuspended?: boolean;
  hasPassword?: boolean;
  ssoIdentities?: unknown[];
}

/** Only what is there changes; null clears. */
export interface ProfilePatch {
  name?: string | null;
  avatar?: string | null;
  username?: string;
  customData?: { [name: string]: JSONValue };
}

/** null removes a claim; an address is replaced as a whole. */
export interface ClaimsPatch {
  familyName?: string | null;
  givenName?: string | null;
  middleName?: string | null;
  nickname?: string | null;
  preferredUsername?: string | null;
  profile?: string | null;
  website?: string | null;
  gender?: string | null;
  birthdate?: string | null;
  zoneinfo?: string | null;
  locale?: string | null;
  address?: Address | null;
}

export interface Availability {
  username: string;
  available: boolean;
  reason?: string;
}

export interface Capability {
  editable: boolean;
  reason?: string;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  caseSensitive?: boolean;
  maxDepth?: number;
}

export interface Capabilities {
  fields: { [name: string]: Capability };
}

export interface LogtoError {
  message: string;
  code?: string;
  data?: Members;
  details?: string;
}

export interface App {
  app_id: number;
  app: string;
  description: string;
  domains: string[];
}

export interface AppRegistration {
  app: string;
  app_id?: number;
  description?: string;
  domains?: string[];
  schema?: Members | boolean | null;
}

export interface RegisteredApp extends App {
  schema: unknown;
  violations: number;
  violating_users: string[];
}

/** What an application keeps about a user. */
export interface AppProfile {
  app_id: number;
  user_id: string;
  profile_data: unknown;
  created_at: string;
  updated_at: string;
}

export interface BulkItem {
  app_id: number;
  profile_data: unknown;
  user_id: string;
}

export interface BulkCreated {
  created: number;
  profiles: Members[];
  skipped: number;
}

export interface BulkStatus {
  created: number;
  skipped: number;
  failed: number;
  results: Members[];
}

export interface AppError {
  error: string;
  code: string;
  details?: Members;
}

export type OnConflict = "error" | "skip" | "replace";
type BulkQuery = { mode?: "all" | "partial"; on_conflict?: OnConflict };

/** Every request that this client makes. */
export interface ExportedDocument {
  appId: number;
  app: string;
  profileData: unknown;
  createdAt: number;
  updatedAt: number;
}

export interface ExportedEntry {
  at: number;
  by: string;
  face: string;
  action: string;
  fields: string[];
}

/** Everything about one user. `withheld` are the kinds of data that the token may not see. */
export interface ExportedUser {
  exportedAt: number;
  tenantId: string;
  profile: LogtoUser;
  sources: { [name: string]: string };
  applications: ExportedDocument[];
  history: ExportedEntry[];
  withheld: string[];
  complete: boolean;
}

/** The receipt of an erasure. */
export interface Erased {
  receipt: string;
  tenantId: string;
  id: string;
  version: number;
  erasedAt: number;
  erasedBy: string;
}

export interface Routes {
  "GET /v1/profiles/user/{user_id}": { answer: PhoenixProfile; error: PhoenixError };
  "PUT /v1/profiles/user/{user_id}": { body: PhoenixUpdate; answer: PhoenixProfile; error: PhoenixError };
  "POST /v1/profiles/batch": {
    body: { user_ids: string[] };
    answer: { profiles: PhoenixProfile[] };
    error: PhoenixError;
  };
  "GET /api/profile": { answer: LogtoUser; error: LogtoError };
  "PATCH /api/profile": { body: ProfilePatch; answer: LogtoUser; error: LogtoError };
  "PATCH /api/profile/profile": { body: ClaimsPatch; answer: OIDCProfile; error: LogtoError };
  "GET /api/profile/username-availability": { query: { username: string }; answer: Availability; error: LogtoError };
  "GET /api/profile/capabilities": { answer: Capabilities; error: LogtoError };
  "GET /api/profile/export": { answer: ExportedUser; error: LogtoError };
  "DELETE /api/profile": { answer: Erased; error: LogtoError };
  "GET /app/all": { answer: App[]; error: AppError };
  "GET /user/profiles/{appid}": { answer: { profiles: AppProfile[] }; error: AppError };
  "POST /user/profiles/create": {
    body: { app_id: number; profile_data: unknown };
    answer: AppProfile;
    error: AppError;
  };
  "PUT /user/profiles/{appid}": { body: unknown; answer: AppProfile; error: AppError };
  "PATCH /user/profiles/{appid}": { body: unknown; answer: AppProfile; error: AppError };
  "DELETE /user/profiles/{appid}": { answer: void; error: AppError };
  "POST /operator/app/register": { body: AppRegistration; answer: RegisteredApp; error: AppError };
  "GET /operator/users/profile/{userid}/{appid}": { answer: AppProfile; error: AppError };
  "POST /operator/profile/create-bulk": {
    query: BulkQuery;
    body: { profiles: BulkItem[] };
    answer: BulkCreated | BulkStatus;
    error: AppError;
  };
}

// What a program uses.

/** A value as it was at one moment; `etag` names that version, for `ifMatch`. */
export interface Versioned<T> {
  value: T;
  etag: string;
}

export interface Wish {
  /** Ends the request and all waiting; what was sent may still be carried out. */
  signal?: AbortSignal;
}

export interface Conditional extends Wish {
  /** The ETag that must still be the current one; otherwise 412. */
  ifMatch?: string;
}

export interface Rounds extends Wish {
  /** How often `change` reads again because somebody else was quicker; 10 unless told. */
  rounds?: number;
}

/** From what is there to what is to be written; undefined leaves it as it is. May be called several times. */
export type Decide<S, C> = (current: S) => C | undefined | Promise<C | undefined>;

export interface Options {
  /** Where the service is mounted. The token is sent nowhere else. */
  url: string;
  /** Gives an access token. Asked before each request, and once more when the token was refused. */
  token: () => string | Promise<string>;
  /** Gives the headers that prove possession of the token's key (RFC 9449), such as { DPoP: "..." }. */
  proof?: (
    method: string,
    url: string,
    token: string,
    nonce: string | undefined,
  ) => Record<string, string> | Promise<Record<string, string>>;
  /** How often a request is tried again; 2 unless told. */
  retries?: number;
  /** Seconds; the most that is waited before a retry, whatever Retry-After says. 30 unless told. */
  longestWait?: number;
  /** Seconds for a whole answer, each try anew; 30 unless told. */
  timeout?: number;
  /** Seconds for the whole answer to a bulk; 600 unless told. */
  bulkTimeout?: number;
  /** Bytes; 64 MiB unless told. */
  largestAnswer?: number;
  fetch?: typeof fetch;
  sleep?: (seconds: number, signal?: AbortSignal) => Promise<void>;
  /** A number from 0 to 1. */
  random?: () => number;
  /** Unix milliseconds. */
  now?: () => number;
}

/**
 * The service refused, or gave no answer that can be used. `status` is undefined without an answer; `code` and the
 * message are the service's own, and `body` is its whole error. `retryAfter` is in seconds. The client's own codes:
 * unreachable (whether the request was carried out is not known), redirected, answer_too_large, not_understood, and
 * refused for an error that is not the service's own.
 */
export class ProfileError extends Error {
  override readonly name = "ProfileError";

  constructor(
    readonly status: number | undefined,
    readonly code: string,
    message: string,
    readonly retryAfter?: number,
    readonly body?: PhoenixError | LogtoError | AppError,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One service, as one caller: `me`, `profiles`, `apps`, and `operator` for those who are. */
export class ProfileClient {
  readonly me: Me;
  readonly profiles: Profiles;
  readonly apps: Apps;
  readonly operator: Operator;

  constructor(options: Options) {
    const sender = new Sender(options);
    this.me = new Me(sender);
    this.profiles = new Profiles(sender);
    this.apps = new Apps(sender);
    this.operator = new Operator(sender);
  }
}

/** The caller's own profile (the Logto contract). */
class Me {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** The record, made on first access. */
  async get(wish: Wish = {}): Promise<Versioned<LogtoUser>> {
    return versioned(await this.#sender.send("GET /api/profile", wish));
  }

  /** Sets what the patch has, and leaves the rest. */
  async patch(body: ProfilePatch, wish: Conditional = {}): Promise<Versioned<LogtoUser>> {
    return versioned(await this.#sender.send("PATCH /api/profile", { ...wish, body }));
  }

  /** The same for the standard claims. Answers all of them. */
  async patchClaims(body: ClaimsPatch, wish: Conditional = {}): Promise<Versioned<OIDCProfile>> {
    return versioned(await this.#sender.send("PATCH /api/profile/profile", { ...wish, body }));
  }

  /** Changes the record depending on what it is, so that nobody's change is lost. */
  change(decide: Decide<LogtoUser, ProfilePatch>, wish: Rounds = {}): Promise<Versioned<LogtoUser>> {
    const write = (patch: ProfilePatch, { etag }: Versioned<LogtoUser>) => this.patch(patch, { ...wish, ifMatch: etag });
    return changed(() => this.get(wish), (seen) => decide(seen.value), write, wish.rounds);
  }

  /** The same for the standard claims. */
  async changeClaims(decide: Decide<LogtoUser, ClaimsPatch>, wish: Rounds = {}): Promise<void> {
    const write = (patch: ClaimsPatch, { etag }: Versioned<LogtoUser>) =>
      this.patchClaims(patch, { ...wish, ifMatch: etag });
    await changed<Versioned<LogtoUser>, ClaimsPatch, unknown>(
      () => this.get(wish), (seen) => decide(seen.value), write, wish.rounds);
  }

  /** Whether the username could be taken right now. Only `patch` settles it. */
  async usernameAvailability(username: string, wish: Wish = {}): Promise<Availability> {
    const query = { username };
    return (await this.#sender.send("GET /api/profile/username-availability", { ...wish, query })).value;
  }

  /** Which fields may be edited, why not, and the limits. */
  async capabilities(wish: Wish = {}): Promise<Capabilities> {
    return (await this.#sender.send("GET /api/profile/capabilities", wish)).value;
  }

  /** Everything that is kept about the user, as far as the token may see it. */
  async export(wish: Wish = {}): Promise<ExportedUser> {
    return (await this.#sender.send("GET /api/profile/export", wish)).value;
  }

  /** Erases everything that is kept about the user, for good. The token is of no use afterwards. */
  async erase(wish: Conditional = {}): Promise<Erased> {
    return (await this.#sender.send("DELETE /api/profile", { ...wish, repeatable: false })).value;
  }
}

/** Anybody's profile in the tenant (the Phoenix contract). */
class Profiles {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** The profile, made on first access. */
  async get(user_id: string, wish: Wish = {}): Promise<Versioned<PhoenixProfile>> {
    return versioned(await this.#sender.send("GET /v1/profiles/user/{user_id}", { ...wish, path: { user_id } }));
  }

  /** Sets the name, regenerates the avatar, or both. */
  async put(user_id: string, body: PhoenixUpdate, wish: Conditional = {}): Promise<Versioned<PhoenixProfile>> {
    const repeatable = wish.ifMatch === undefined && !body.regenerate_avatar;
    const request = { ...wish, path: { user_id }, body, repeatable };
    return versioned(await this.#sender.send("PUT /v1/profiles/user/{user_id}", request));
  }

  /** Changes the profile depending on what it is, so that nobody's change is lost. */
  change(
    userId: string,
    decide: Decide<PhoenixProfile, PhoenixUpdate>,
    wish: Rounds = {},
  ): Promise<Versioned<PhoenixProfile>> {
    const write = (update: PhoenixUpdate, { etag }: Versioned<PhoenixProfile>) =>
      this.put(userId, update, { ...wish, ifMatch: etag });
    return changed(() => this.get(userId, wish), (seen) => decide(seen.value), write, wish.rounds);
  }

  /** The profiles of 1 to 200 users, in this order; none is made. */
  async batch(user_ids: string[], wish: Wish = {}): Promise<PhoenixProfile[]> {
    const request = { ...wish, body: { user_ids }, repeatable: true };
    return (await this.#sender.send("POST /v1/profiles/batch", request)).value.profiles;
  }
}

/** What applications keep about the caller: any JSON. */
class Apps {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** The applications of the caller's tenant. */
  async all(wish: Wish = {}): Promise<App[]> {
    return (await this.#sender.send("GET /app/all", wish)).value;
  }

  /** The document of this application, if there is one. */
  async get(appId: number, wish: Wish = {}): Promise<Versioned<AppProfile> | undefined> {
    const answer = await this.#sender.send("GET /user/profiles/{appid}", { ...wish, path: { appid: appId } });
    const [value] = answer.value.profiles;
    return value && versioned({ ...answer, value });
  }

  /** Stores a new document; 409 if there is one already. */
  async create(app_id: number, profile_data: unknown, wish: Wish = {}): Promise<Versioned<AppProfile>> {
    const body = { app_id, profile_data };
    return versioned(await this.#sender.send("POST /user/profiles/create", { ...wish, body }));
  }

  /** Stores the document in the place of any other; with `onlyNew` of none (412). */
  async put(
    appId: number,
    body: unknown,
    wish: Conditional & { onlyNew?: boolean } = {},
  ): Promise<Versioned<AppProfile>> {
    const repeatable = wish.ifMatch === undefined && !wish.onlyNew;
    const request = { ...wish, path: { appid: appId }, body, repeatable };
    return versioned(await this.#sender.send("PUT /user/profiles/{appid}", request));
  }

  /** Merges into the document (RFC 7396): null removes a member. */
  async patch(appId: number, body: unknown, wish: Conditional = {}): Promise<Versioned<AppProfile>> {
    const request = { ...wish, path: { appid: appId }, body };
    return versioned(await this.#sender.send("PATCH /user/profiles/{appid}", request));
  }

  /** Deletes the document; 404 if there is none (any more). */
  async delete(appId: number, wish: Conditional = {}): Promise<void> {
    const request = { ...wish, path: { appid: appId }, repeatable: wish.ifMatch === undefined };
    await this.#sender.send("DELETE /user/profiles/{appid}", request);
  }

  /** Replaces the document depending on what it is, undefined where there is none yet. */
  change(
    appId: number,
    decide: Decide<AppProfile | undefined, JSONValue>,
    wish: Rounds = {},
  ): Promise<Versioned<AppProfile> | undefined> {
    const write = (document: JSONValue, seen: Versioned<AppProfile> | undefined) =>
      this.put(appId, document, { ...wish, ...(seen ? { ifMatch: seen.etag } : { onlyNew: true }) });
    return changed(() => this.get(appId, wish), (seen) => decide(seen?.value), write, wish.rounds);
  }
}

/** For operators' tokens only, and not for web pages: these paths answer no other origin. */
class Operator {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Registers an application, or changes the one with this id. */
  async register(body: AppRegistration, wish: Wish = {}): Promise<RegisteredApp> {
    return (await this.#sender.send("POST /operator/app/register", { ...wish, body })).value;
  }

  /** What an application keeps about somebody. */
  async document(userid: string, appId: number, wish: Wish = {}): Promise<Versioned<AppProfile>> {
    const path = { userid, appid: appId };
    return versioned(await this.#sender.send("GET /operator/users/profile/{userid}/{appid}", { ...wish, path }));
  }

  /**
   * Stores many documents, all or none. They are sent while they come and never all in memory. An iterator can be
   * sent once only; an array, or whatever gives its items as often as it is asked, again.
   */
  async createBulk(
    items: Iterable<BulkItem> | AsyncIterable<BulkItem>,
    wish: Wish & { onConflict?: OnConflict } = {},
  ): Promise<BulkCreated> {
    return (await this.#bulk(items, "all", wish)) as BulkCreated;
  }

  /** Stores those of the documents that can be stored, and says what became of each. */
  async createSome(
    items: Iterable<BulkItem> | AsyncIterable<BulkItem>,
    wish: Wish & { onConflict?: OnConflict } = {},
  ): Promise<BulkStatus> {
    return (await this.#bulk(items, "partial", wish)) as BulkStatus;
  }

  async #bulk(
    items: Iterable<BulkItem> | AsyncIterable<BulkItem>,
    mode: "all" | "partial",
    { onConflict = "error", signal }: Wish & { onConflict?: OnConflict },
  ): Promise<BulkCreated | BulkStatus> {
    const request = { query: { mode, on_conflict: onConflict }, body: new Bulk(items), signal };
    return (await this.#sender.send("POST /operator/profile/create-bulk", request)).value;
  }
}

/** Reads, decides, and writes on condition that nobody was quicker. */
async function changed<S, C, T>(
  read: () => Promise<S>,
  decide: (seen: S) => C | undefined | Promise<C | undefined>,
  write: (change: C, seen: S) => Promise<T>,
  rounds = 10,
): Promise<S | T> {
  for (let left = rounds - 1; ; left--) {
    const seen = await read();
    const change = await decide(seen);
    if (change === undefined) return seen;
    try {
      return await write(change, seen);
    } catch (error) {
      if (!(error instanceof ProfileError && error.status === 412) || left <= 0) throw error;
    }
  }
}

// How requests are sent.

type Named<R> = R extends `${string}{${infer P}}${infer Rest}` ? P | Named<Rest> : never;

type Sent<R extends keyof Routes> = Conditional & { onlyNew?: boolean; repeatable?: boolean } & ([Named<R>] extends [never]
    ? { path?: undefined }
    : { path: Record<Named<R>, string | number> }) &
  (Routes[R] extends { query: infer Q } ? { query: Q } : { query?: undefined }) &
  (Routes[R] extends { body: infer B } ? { body: B | Bulk } : { body?: undefined });

interface Answer<T> {
  status: number;
  headers: Headers;
  value: T;
}

interface Received {
  status: number;
  headers: Headers;
  text: string;
}

/** There is no answer. */
class Lost {
  constructor(readonly cause: unknown) {}
}

interface Prepared {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | Bulk | undefined;
  repeatable: boolean;
  signal: AbortSignal | undefined;
}

const PIECE = 65_536;
const LONGEST_TOLD = 86_400;
const HTTP_DATE = /^[A-Za-z]{3,9},? .{8,} GMT$/;

class Sender {
  readonly #options: Options;
  readonly #base: string;
  #nonce: string | undefined;

  constructor(options: Options) {
    const url = new URL(options.url);
    if (!/^https?:$/.test(url.protocol) || url.username || url.password || /[?#]/.test(options.url)) {
      throw new TypeError("the service's URL must be http(s)://host[:port][/path]");
    }
    this.#base = url.href.replace(/\/+$/, "");
    this.#options = options;
  }

  /** The answer, if it is a success. Throws ProfileError, or the signal's reason. */
  async send<R extends keyof Routes>(route: R, request: Sent<R>): Promise<Answer<Routes[R]["answer"]>> {
    const call = prepared(this.#base, route, request);
    const outcome = await this.#tried(call);
    if (outcome instanceof Lost) {
      if (outcome.cause instanceof ProfileError) throw outcome.cause;
      throw new ProfileError(undefined, "unreachable", "The service did not answer.", undefined, undefined, outcome);
    }
    if (outcome.status < 200 || outcome.status >= 300) throw refused(outcome, this.#now());
    const value = outcome.status === 204 ? undefined : parsed(outcome);
    return { ...outcome, value: value as Routes[R]["answer"] };
  }

  async #tried(call: Prepared): Promise<Received | Lost> {
    const { retries = 2, sleep = slept } = this.#options;
    let outcome = await this.#authorized(call);
    for (let retry = 0; retry < retries && mayRepeat(call, outcome); retry++) {
      await sleep(this.#pause(retry, outcome), call.signal);
      outcome = await this.#authorized(call);
    }
    return outcome;
  }

  #pause(retry: number, outcome: Received | Lost): number {
    const { longestWait = 30, random = Math.random } = this.#options;
    const header = outcome instanceof Lost ? null : outcome.headers.get("retry-after");
    return secondsTold(header, this.#now(), longestWait) ?? random() * Math.min(longestWait, 0.25 * 2 ** retry);
  }

  /** Once more with another token where the first is not good any more. */
  async #authorized(call: Prepared): Promise<Received | Lost> {
    const token = await this.#token();
    const outcome = await this.#proved(call, token);
    if (!says(outcome, "invalid_token") || !canBeSent(call)) return outcome;
    const other = await this.#token();
    return other === token ? outcome : this.#proved(call, other);
  }

  /** Once more with the nonce where the service asks for one. */
  async #proved(call: Prepared, token: string): Promise<Received | Lost> {
    const outcome = await this.#once(call, token);
    const again = this.#options.proof && says(outcome, "use_dpop_nonce") && canBeSent(call);
    return again ? this.#once(call, token) : outcome;
  }

  async #once(call: Prepared, token: string): Promise<Received | Lost> {
    const { proof, timeout = 30, bulkTimeout = 600, largestAnswer = 67_108_864 } = this.#options;
    const send = this.#options.fetch ?? globalThis.fetch;
    call.signal?.throwIfAborted();
    const proved = await proof?.(call.method, call.url.replace(/\?.*/, ""), token, this.#nonce);
    const headers = { ...call.headers, ...proved, authorization: `${proof ? "DPoP" : "Bearer"} ${token}` };
    const within = AbortSignal.timeout(1000 * (call.body instanceof Bulk ? bulkTimeout : timeout));
    const signal = call.signal ? AbortSignal.any([call.signal, within]) : within;
    try {
      const response = await send(call.url, { ...MANNERS, method: call.method, headers, signal, ...content(call) });
      this.#nonce = response.headers.get("dpop-nonce") ?? this.#nonce;
      return { status: response.status, headers: response.headers, text: await textOf(response, largestAnswer) };
    } catch (error) {
      call.signal?.throwIfAborted();
      if (call.body instanceof Bulk && call.body.failure) throw call.body.failure.reason;
      return new Lost(error);
    }
  }

  async #token(): Promise<string> {
    const token: unknown = await this.#options.token();
    if (typeof token !== "string" || !/^[!-~]+$/.test(token)) {
      throw new TypeError("the token callback gave something that is no access token");
    }
    return token;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)() / 1000;
  }
}

// No cookies, no cache of the browser's, and no redirect, which would take the token elsewhere.
const MANNERS = { redirect: "manual", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" } as const;

function prepared<R extends keyof Routes>(base: string, route: R, request: Sent<R>): Prepared {
  const [method, template] = route.split(" ") as [string, string];
  const named = (request.path ?? {}) as Record<string, string | number>;
  const path = template.replace(/{(\w+)}/g, (_, name: string) => step(String(named[name])));
  const query = request.query ? `?${new URLSearchParams(request.query as Record<string, string>)}` : "";
  const headers: Record<string, string> = { accept: "application/json" };
  if (request.ifMatch !== undefined) headers["if-match"] = request.ifMatch;
  if (request.onlyNew) headers["if-none-match"] = "*";
  const isPatch = method === "PATCH";
  if ("body" in request) headers["content-type"] = isPatch ? "application/merge-patch+json" : "application/json";
  const body = request.body instanceof Bulk ? request.body : JSON.stringify(request.body);
  const repeatable = request.repeatable ?? method === "GET";
  return { method, url: base + path + query, headers, body, repeatable, signal: request.signal };
}

/** A step of a path, encoded whole. URLs know no way to write the steps `.` and `..`. */
function step(text: string): string {
  if (text === "." || text === "..") throw new TypeError(`"${text}" cannot be written in a URL`);
  return encodeURIComponent(text);
}

function content({ body }: Prepared): RequestInit {
  if (!(body instanceof Bulk)) return body === undefined ? {} : { body };
  return { body: body.stream(), duplex: "half" } as RequestInit;
}

/** Reads what is not larger than this. */
async function textOf(response: Response, largest: number): Promise<string> {
  let read = 0;
  let text = "";
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    read += next.value.byteLength;
    if (read > largest) {
      await reader?.cancel();
      throw new ProfileError(response.status, "answer_too_large", `The answer is larger than ${largest} bytes.`);
    }
    text += decoder.decode(next.value, { stream: true });
  }
  return text + decoder.decode();
}

function versioned<T>({ status, headers, value }: Answer<T>): Versioned<T> {
  const etag = headers.get("etag");
  if (!etag) throw new ProfileError(status, "not_understood", "The service's answer is without an ETag.");
  return { value, etag };
}

function parsed({ status, text }: Received): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProfileError(status, "not_understood", "The service's answer is not JSON.");
  }
}

/** The error that an answer is. An opaque redirect has the status 0. */
function refused(answer: Received, now: number): ProfileError {
  const { status, headers } = answer;
  if (status < 400) {
    return new ProfileError(status, "redirected", "The service points elsewhere, which is not followed.");
  }
  const retryAfter = secondsTold(headers.get("retry-after"), now, LONGEST_TOLD);
  const body = faceError(answer.text);
  if (!body) return new ProfileError(status, "refused", `The service answered ${status}.`, retryAfter);
  const message = "message" in body ? body.message : body.error;
  return new ProfileError(status, body.code ?? "refused", message, retryAfter, body);
}

function faceError(text: string): PhoenixError | LogtoError | AppError | undefined {
  try {
    const body = JSON.parse(text);
    return typeof (body?.message ?? body?.error) === "string" ? body : undefined;
  } catch {
    return undefined;
  }
}

function says(outcome: Received | Lost, error: string): boolean {
  if (outcome instanceof Lost || outcome.status !== 401) return false;
  return (outcome.headers.get("www-authenticate") ?? "").includes(`error="${error}"`);
}

/** Whether another try may help, and cannot do the same thing twice. Who says when to come again has done nothing. */
function mayRepeat(call: Prepared, outcome: Received | Lost): boolean {
  if (!canBeSent(call)) return false;
  if (outcome instanceof Lost) return call.repeatable && !(outcome.cause instanceof ProfileError);
  return [429, 503].includes(outcome.status) && (call.repeatable || outcome.headers.has("retry-after"));
}

function canBeSent({ body }: Prepared): boolean {
  return !(body instanceof Bulk) || body.canBeSent;
}

/** What Retry-After says, between 0 and `longest` seconds; undefined if it says nothing. `now` in Unix seconds. */
export function secondsTold(header: string | null, now: number, longest: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(Number(text), longest);
  const moment = HTTP_DATE.test(text) ? Date.parse(text) / 1000 : NaN;
  return Number.isNaN(moment) ? undefined : Math.min(Math.max(moment - now, 0), longest);
}

function slept(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = () => (clearTimeout(timer), reject(signal?.reason));
    const done = () => (signal?.removeEventListener("abort", ended), resolve());
    const timer = setTimeout(done, seconds * 1000);
    if (signal?.aborted) ended();
    else signal?.addEventListener("abort", ended, { once: true });
  });
}

/** The body of a bulk, written while it is sent. */
class Bulk {
  readonly #items: Iterable<BulkItem> | AsyncIterable<BulkItem>;
  #hasBegun = false;
  /** Why the items could not be had: the program's own error. */
  failure: { reason: unknown } | undefined;

  constructor(items: Iterable<BulkItem> | AsyncIterable<BulkItem>) {
    this.#items = items;
  }

  /** Whether it is still whole: an iterator gives each item once, an array as often as one asks. */
  get canBeSent(): boolean {
    return !this.#hasBegun || iterated(this.#items) !== (this.#items as unknown);
  }

  stream(): ReadableStream<Uint8Array> {
    this.#hasBegun = true;
    const pieces = this.#pieces();
    return new ReadableStream({
      pull: async (controller) => {
        try {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (reason) {
          this.failure = { reason };
          throw reason;
        }
      },
      cancel: async () => void (await pieces.return(undefined)),
    });
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void> {
    const encoder = new TextEncoder();
    let piece = '{"profiles":[';
    let comma = "";
    for await (const item of this.#items) {
      piece += comma + JSON.stringify(item);
      comma = ",";
      if (piece.length >= PIECE) {
        yield encoder.encode(piece);
        piece = "";
      }
    }
    yield encoder.encode(`${piece}]}`);
  }
}

function iterated(items: Iterable<BulkItem> | AsyncIterable<BulkItem>): unknown {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
