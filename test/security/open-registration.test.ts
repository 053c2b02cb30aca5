import t from "../support/tap.js";
import {
  bearer, manualClock, onEveryBackend, OPERATOR, REDIRECT_URI, type Sent, testApp,
} from "../support/app.js";
import { UNUSED_LIFETIME } from "../../src/clients/open-registration.js";
import { aClient } from "../contracts/samples.js";
import { CHALLENGE, VERIFIER } from "../support/login.js";

const TOKEN = "registration-token-of-the-tests-0123";
const OPEN = {
  AUTHFLOW_PUBLIC_URL: "https://id.example.com", AUTHFLOW_REGISTRATION: "open",
  AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  AUTHFLOW_SELF_REGISTERED_SCOPES: "mcp:tools", AUTHFLOW_SELF_REGISTERED_AUDIENCES: "https://mcp.example.com/mcp",
  AUTHFLOW_REGISTRATION_TOKEN: TOKEN, AUTHFLOW_OIDC_PROVIDERS: "corp", AUTHFLOW_OIDC_CORP_CLIENT_ID: "an-id",
  AUTHFLOW_OIDC_CORP_CLIENT_SECRET: "a-secret", AUTHFLOW_OIDC_CORP_ISSUER: "http://localhost:1",
};
const payload = { client_name: "tool", redirect_uris: [REDIRECT_URI] };
/** A count of its own in the limit. */
let callers = 0;
const anotherAddress = (): string => `10.0.${Math.floor(++callers / 200)}.${callers % 200}`;

await t.test("whoever registers without a token on a public URL gets logins with consent, and no more", async (t) => {
  const app = await testApp(t, OPEN);
  const LOGIN_ONLY = {
    permissions: ["login"], grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
    scope: /^(?=.*\bmcp:tools\b)(?!.*admin)/,
  };
  for (const [what, sent] of Object.entries<Sent>({
    "from far away": { remoteAddress: "203.0.113.9", payload },
    "through a proxy on this machine": { remoteAddress: "127.0.0.1", payload },
    "in Authflow's own form": { payload: { name: "tool", redirect_uri: REDIRECT_URI }, remoteAddress: "203.0.113.9" },
    "as a public client": { payload: { ...payload, token_endpoint_auth_method: "none" } },
    "from a page": { payload, headers: { origin: "https://inspector.example" } },
    "with a logo, a scope and metadata that is unknown": {
      payload: { ...payload, logo_uri: "https://google.example/logo.png", scope: "admin", software_id: "x" },
    },
  })) {
    const { status, body } = await app.call("POST", "/clients", sent);
    t.match({ status, body }, { status: 201, body: LOGIN_ONLY }, what);
    t.equal(body.logo_uri, undefined, "the logo may be that of another application");
    const { isSelfRegistered, expiresAt } = await app.fastify.clients.read(body.client_id as string);
    t.ok(isSelfRegistered, what);
    t.type(expiresAt, "number");
  }
});

await t.test("what such a client can't have is refused with the member's name", async (t) => {
  const app = await testApp(t, OPEN);
  for (const [member, value] of [
    ["permissions", ["mint"]], ["permissions", ["login", "introspect:own"]], ["permissions", ["feed"]],
    ["grant_types", ["client_credentials"]], ["grant_types", ["authorization_code", "client_credentials"]],
    ["response_types", ["token"]], ["response_types", ["code", "token"]],
    ["jwks_uri", "https://stranger.example/jwks"], ["policy", { scopes: ["admin"] }],
  ] as const) {
    for (const base of [payload, { name: "tool", redirect_uri: REDIRECT_URI }]) {
      const sent = { payload: { ...base, [member]: value }, remoteAddress: anotherAddress() };
      t.match(await app.call("POST", "/clients", sent), {
        status: 400, body: { error: "invalid_client_metadata", error_description: new RegExp(`^${member} must be`) },
      }, `${member} ${JSON.stringify(value)}`);
    }
  }
  t.match(await app.call("GET", "/clients", { headers: OPERATOR }), { body: { clients: { length: 0 } } });
});

await t.test("a token makes the client a trusted one, and a wrong token makes none", async (t) => {
  const app = await testApp(t, OPEN);
  const register = (headers: Record<string, string>) =>
    app.call("POST", "/clients", { headers, payload: { ...payload, permissions: ["mint", "login"] } });
  for (const headers of [bearer(TOKEN), OPERATOR]) {
    const { status, body } = await register(headers);
    t.equal(status, 201);
    t.match(await app.fastify.clients.read(body.client_id as string), { isSelfRegistered: false, expiresAt: null });
  }
  for (const headers of [bearer(`${TOKEN}x`), { authorization: `Basic ${TOKEN}` }])
    t.match(await register(headers), { status: 401, body: { error: "invalid_token" } });
});

await t.test("PKCE and consent can't be avoided, also with a secret", async (t) => {
  const app = await testApp(t, { ...OPEN, AUTHFLOW_REQUIRE_PKCE: "off" });
  const { body: { client_id } } = await app.call("POST", "/clients", { payload });
  const policy = { policy: { require_pkce: false } };
  await app.call("PATCH", `/clients/${String(client_id)}`, { headers: OPERATOR, payload: policy });
  const query = { client_id: String(client_id), redirect_uri: REDIRECT_URI, response_type: "code" };
  const errorAt = async (path: string, more: Record<string, string> = {}): Promise<Record<string, string>> => {
    const { headers } = await app.call("GET", `${path}?${new URLSearchParams({ ...query, ...more }).toString()}`);
    return Object.fromEntries(new URL(headers.location ?? "").searchParams);
  };
  t.match(await errorAt("/authorize"), { error: "invalid_request", error_description: /^code_challenge is missing/ });
  const challenge = { code_challenge: CHALLENGE, code_challenge_method: "S256" };
  t.match(await errorAt("/auth/corp", challenge),
    { error: "unauthorized_client", error_description: /consent: send them to \/authorize$/ },
    "a login there asks nobody");
  t.match(await errorAt("/authorize", { ...challenge, scope: "admin" }), { error: "invalid_scope" });
  t.match(await errorAt("/authorize", { ...challenge, resource: "https://other.example.com" }),
    { error: "invalid_target" });
});

await t.test("callers without a token register ten clients a minute for each address", async (t) => {
  await onEveryBackend(t, async (t, env) => {
    const app = await testApp(t, { ...OPEN, ...env });
    const register = async (sent: Sent = {}): Promise<number> =>
      (await app.call("POST", "/clients", { payload, remoteAddress: "203.0.113.9", ...sent })).status;
    for (let n = 0; n < 10; n++) {
      t.equal(await register(), 201);
      const preflight = { origin: "https://inspector.example", "access-control-request-method": "POST" };
      await app.call("OPTIONS", "/clients", { headers: preflight, remoteAddress: "203.0.113.9" });
    }
    t.match(await app.call("POST", "/clients", { payload, remoteAddress: "203.0.113.9" }),
      { status: 429, headers: { "retry-after": /^[1-9]\d?$/ }, body: { error: "too_many_requests" } });
    t.equal(await register({ remoteAddress: "203.0.113.10" }), 201, "another address");
    t.equal(await register({ headers: bearer(TOKEN) }), 201, "the same address with the token");
  });
});

await t.test("a client that nobody used is deleted after a day", async (t) => {
  await onEveryBackend(t, async (t, env) => {
    const { clock, advance } = manualClock();
    const { fastify: { clients }, call } = await testApp(t, { ...OPEN, ...env }, { clock });
    const register = async (sent: Sent = {}): Promise<string> =>
      (await call("POST", "/clients", { payload, remoteAddress: anotherAddress(), ...sent })).body.client_id as string;
    const [unused, kept, trusted, own] =
      [await register(), await register(), await register(), await register({ headers: bearer(TOKEN) })];
    await clients.keep(await clients.read(kept));
    await call("PATCH", `/clients/${trusted}`, { headers: OPERATOR, payload: { self_registered: false } });
    const cached = await clients.read(unused);
    advance(UNUSED_LIFETIME / 1000 - 1);
    await clients.sweep();
    t.equal((await clients.read(unused)).id, unused, "not a second earlier");
    advance(1);
    await clients.sweep();
    await t.rejects(clients.read(unused), { code: "not_found" });
    const query = new URLSearchParams({ client_id: unused, redirect_uri: REDIRECT_URI }).toString();
    t.match(await call("GET", `/authorize?${query}`), {
      status: 400,
      body: { error: "invalid_client", error_description: /remove its connection there, and add it again/ },
    }, "its user learns the way on, because the client does not");
    for (const id of [kept, trusted, own]) t.match(await clients.read(id), { id, expiresAt: null });
    await t.rejects(clients.keep(cached), { code: "invalid_client" }, "no replica keeps what is gone");
  });
});

await t.test("only a code that is right keeps a client, and the client is kept before the code is used", async (t) => {
  const app = await testApp(t, OPEN);
  const { clients, authorizationCodes: codes } = app.fastify;
  const register = async (): Promise<string> => (await app.call("POST", "/clients",
    { payload: { ...payload, token_endpoint_auth_method: "none" } })).body.client_id as string;
  const codeOf = (clientId: string): Promise<string> => codes.issue({
    clientId, redirectUri: REDIRECT_URI, responseType: "code", responseMode: "query", state: undefined,
    codeChallenge: CHALLENGE, hints: {},
  }, { sub: "corp|alice", provider: "corp" });
  const exchange = async (client_id: string, code: string, code_verifier = VERIFIER): Promise<number> =>
    (await app.call("POST", "/token", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams({
        grant_type: "authorization_code", client_id, code, code_verifier, redirect_uri: REDIRECT_URI,
      }).toString(),
    })).status;
  const id = await register();
  const code = await codeOf(id);
  t.equal(await exchange(id, "x"), 400, "an invented code");
  t.equal(await exchange(id, code, "y".repeat(43)), 400, "a wrong verifier");
  t.type((await clients.read(id)).expiresAt, "number");
  t.equal(await exchange(id, code), 200);
  t.equal((await clients.read(id)).expiresAt, null);

  const gone = await register();
  const late = await codeOf(gone);
  await clients.lookUp(gone); // this replica has it in memory
  await app.fastify.database.clients.sweep(Date.now() + UNUSED_LIFETIME, 100);
  t.equal(await exchange(gone, late), 401, "nobody gets a token for a client that is gone");
});

await t.test("at ten thousand clients that nobody used the next one has to wait", async (t) => {
  const app = await testApp(t, OPEN);
  const { clients } = app.fastify.database;
  const stored = clients.insertExpiring.bind(clients);
  let asked = 0;
  clients.insertExpiring = (client, limit) => { asked = limit; return stored(client, 2); };
  const register = () => app.call("POST", "/clients", { payload, remoteAddress: anotherAddress() });
  for (let n = 0; n < 2; n++) t.equal((await register()).status, 201);
  t.equal(asked, 10_000);
  const { status, headers, body } = await register();
  t.match({ status, body }, { status: 429, body: { error: "too_many_requests" } });
  t.ok(Number(headers["retry-after"]) > 86_300 && Number(headers["retry-after"]) <= 86_400,
    "until the first one expires");
  t.equal((await app.call("POST", "/clients", { payload, headers: bearer(TOKEN) })).status, 201, "with the token");
});

await t.test("the bound holds for registrations at the same time", async (t) => {
  await onEveryBackend(t, async (t, env) => {
    const [one, two] = [await testApp(t, { ...OPEN, ...env }), await testApp(t, { ...OPEN, ...env })];
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) =>
      (n % 2 === 0 ? one : two).fastify.database.clients
        .insertExpiring(aClient({ expiresAt: Date.now() + UNUSED_LIFETIME }), 7)));
    t.equal(answers.filter((answer) => "id" in answer).length, 7);
  });
});
