import { randomUUID } from "node:crypto";
import t from "../support/tap.js";
import { delivered, loginFixture, PKCE, VERIFIER } from "../support/login.js";
import { basic, bearer, OPERATOR, REDIRECT_URI, testApp, type Answer } from "../support/app.js";

const limited = { status: 429, body: { error: "too_many_requests" },
  headers: { "retry-after": /^[1-9]\d?$/, "cache-control": "no-store" } };
const payload = { name: "a", redirect_uri: REDIRECT_URI };
async function statuses(count: number, ask: () => Promise<Answer>): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) seen.push((await ask()).status);
  return seen;
}

await t.test("/mint stops at the limit per address, with Retry-After, and other addresses go on", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_IP: "3" });
  const client = await app.register();
  const mint = (remoteAddress: string) => app.call("POST", "/mint",
    { headers: basic(client), payload: { sub: "a" }, remoteAddress });
  t.strictSame(await statuses(3, () => mint("10.0.0.1")), [200, 200, 200]);
  t.match(await mint("10.0.0.1"), limited);
  t.equal((await mint("10.0.0.2")).status, 200);
});

await t.test("/mint stops at the limit per client, and other clients go on", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_CLIENT: "3" });
  const [one, other] = [await app.register(), await app.register()];
  const mint = (client: typeof one, remoteAddress: string) =>
    app.call("POST", "/mint", { headers: basic(client), payload: { sub: "a" }, remoteAddress });
  t.strictSame([(await mint(one, "10.0.0.1")).status, (await mint(one, "10.0.0.2")).status,
    (await mint(one, "10.0.0.3")).status], [200, 200, 200]);
  t.match(await mint(one, "10.0.0.4"), limited);
  t.equal((await mint(other, "10.0.0.4")).status, 200);
});

await t.test("cut-offs stop at the limit of their client, however they are asked for", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_CUTOFFS: "2" }, { timing: { cutoffWait: 0 } });
  const [one, other] = [await app.register(), await app.register()];
  const end = (sub: string, client = one) =>
    app.call("POST", "/revocations", { headers: basic(client), payload: { sub } });
  const everywhere = (token: string) =>
    app.call("POST", "/logout", { headers: bearer(token), payload: { everywhere: true } });
  const [first, second, foreign] = [await app.mint({ sub: "u" }, one), await app.mint({ sub: "v" }, one),
    await app.mint({}, other)];
  t.strictSame(await statuses(3, () => everywhere("no token")), [401, 401, 401]);
  t.equal((await everywhere(first)).status, 200);
  t.strictSame(await statuses(3, () => everywhere(first)), [401, 401, 401], "a revoked token cuts nothing off");
  t.equal((await end("a")).status, 200);
  t.match(await end("b"), limited);
  t.match(await everywhere(second), limited);
  t.equal((await app.userinfo(second)).status, 200, "nothing was revoked");
  t.equal((await everywhere(foreign)).status, 200, "a token of another client");
  t.equal((await end("c", other)).status, 200);
  t.equal((await app.logout(second)).status, 200, "a single logout is no cut-off");
});

await t.test("a flood of wrong secrets is refused, while others at the same address go on",
  async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_FAILURES: "3" });
  const [known, fresh, unseen] = [await app.register(), await app.register(), await app.register()];
  const spa = await app.register({ token_endpoint_auth_method: "none" });
  const ask = (client_secret: string, credentials = known, remoteAddress = "10.0.0.1") =>
    app.call("POST", "/mint", { payload: { ...credentials, client_secret, sub: "a" }, remoteAddress });
  t.equal((await ask(known.client_secret)).status, 200);
  t.strictSame(await statuses(4, () => ask("wrong")), [401, 401, 401, 429]);
  t.match(await ask("wrong"), limited);
  t.equal((await ask("wrong", { ...known, client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e" })).status, 429,
    "unknown clients count alike");
  t.equal((await ask(known.client_secret)).status, 200, "accepted without the database");
  t.equal((await ask(unseen.client_secret, unseen)).status, 200, "a client that this replica has not seen yet");
  const exchange = (client_id: string) => app.call("POST", "/token", {
    headers: { "content-type": "application/x-www-form-urlencoded" }, remoteAddress: "10.0.0.1",
    payload: `grant_type=authorization_code&code=x&redirect_uri=y&client_id=${client_id}`,
  });
  t.match(await exchange(spa.client_id), { status: 400, body: { error: "invalid_grant" } }, "a public client");
  t.match(await exchange("somebody"), limited);
  t.match(await exchange(known.client_id), limited, "a confidential client without its secret");
  t.equal((await ask("wrong", fresh, "10.0.0.2")).status, 401, "another address has its own count");
  t.equal((await ask(fresh.client_secret, fresh, "10.0.0.2")).status, 200);
});

await t.test("successes do not count as failures", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_FAILURES: "2" });
  const client = await app.register();
  const mint = (client_secret: string) => app.call("POST", "/mint",
    { payload: { ...client, client_secret, sub: "a" } });
  t.strictSame(await statuses(5, () => mint(client.client_secret)), [200, 200, 200, 200, 200]);
  t.equal((await mint("wrong")).status, 401);
});

await t.test("registrations stop at their limit", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_REGISTRATION: "2" });
  t.strictSame(await statuses(2, () => app.call("POST", "/clients", { payload })), [201, 201]);
  t.match(await app.call("POST", "/clients", { payload }), limited);
  t.equal((await app.call("POST", "/clients", { payload, remoteAddress: "10.0.0.2" })).status, 201);
});

await t.test("guesses count too: who presents wrong tokens is stopped at the same limit", async (t) => {
  const env = { AUTHFLOW_RATE_LIMIT_REGISTRATION: "2", AUTHFLOW_RATE_LIMIT_IP: "2", AUTHFLOW_REGISTRATION: "closed" };
  const guesses: [what: string, ask: (app: Awaited<ReturnType<typeof testApp>>) => Promise<Answer>][] = [
    ["admin tokens", (app) => app.call("GET", "/clients", { headers: bearer("wrong") })],
    ["registration tokens", (app) => app.call("POST", "/clients", { headers: bearer("wrong"), payload })],
    ["access tokens on /userinfo", (app) => app.userinfo("wrong")],
    ["access tokens on /logout", (app) => app.logout("wrong")],
  ];
  for (const [what, ask] of guesses) {
    await t.test(what, async (t) => {
      const app = await testApp(t, env);
      t.strictSame(await statuses(4, () => ask(app)), [401, 401, 429, 429]);
    });
  }
});

await t.test("logins stop at their limit, with a page for a person, and tokens go on", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_LOGIN: "2" });
  const client = await app.register();
  const ask = (headers = {}, remoteAddress = "10.0.0.1") =>
    app.call("GET", "/auth/google?client_id=x", { headers, remoteAddress });
  t.strictSame(await statuses(2, () => ask()), [404, 404]);
  t.match(await ask(), limited);
  t.match(await ask({ accept: "text/html" }),
    { status: 429, headers: { "retry-after": /^[1-9]\d?$/ }, text: /<h1>Too many attempts/ });
  t.equal((await app.call("GET", "/auth/google/callback?state=x", { remoteAddress: "10.0.0.1" })).status,
    429, "callbacks count too");
  t.equal((await ask({}, "10.0.0.2")).status, 404);
  t.equal((await app.call("POST", "/mint",
    { headers: basic(client), payload: { sub: "a" }, remoteAddress: "10.0.0.1" })).status, 200);
});

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const CHALLENGE = `/logins/${"c".repeat(43)}`;
const LIMITED: [method: "GET" | "POST" | "DELETE", path: string, isForm: boolean, isForPages: boolean][] = [
  ["POST", "/token", true, true], ["POST", "/par", true, true], ["POST", "/revoke", true, true],
  ["POST", "/introspect", true, false], ["GET", "/userinfo", false, true], ["POST", "/userinfo", true, true],
  ["GET", CHALLENGE, false, false], ["POST", `${CHALLENGE}/accept`, false, false],
  ["POST", `${CHALLENGE}/reject`, false, false], ["GET", "/consents", false, true],
  ["DELETE", `/consents/${randomUUID()}`, false, true], ["POST", "/logout", false, true],
];
await t.test("above the limit per address, each endpoint of tokens says so as its clients read it", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_IP: "1" });
  const client = await app.register();
  t.equal((await app.call("POST", "/mint", { headers: basic(client), payload: { sub: "a" } })).status, 200);
  for (const [method, path, isForm, isForPages] of LIMITED) {
    const answer = await app.call(method, path, {
      headers: { ...basic(client), accept: "text/html", ...(isForm && FORM) },
      ...(method === "POST" && { payload: isForm ? "token=x" : {} }),
    });
    t.match(answer, limited, `${method} ${path}`);
    t.strictSame(Object.keys(answer.body), ["error", "error_description"], path);
    t.equal(answer.headers["access-control-allow-origin"], isForPages ? "*" : undefined, path);
  }
});

await t.test("above the limit of logins, each of their pages is one, and JSON for programs", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_LOGIN: "1" });
  t.equal((await app.call("GET", "/auth")).status, 200);
  const { client_id } = await app.register();
  const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI, response_type: "code", state: "s" });
  const requests: [method: "GET" | "POST", path: string][] = [
    ["GET", `/authorize?${query.toString()}`], ["POST", "/authorize"], ["GET", "/authorize/consent?request=x"],
    ["POST", "/authorize/consent"], ["GET", "/auth"], ["GET", "/auth/local"], ["POST", "/auth/google/callback"],
  ];
  for (const [method, path] of requests) {
    const ask = (accept: string) => app.call(method, path,
      { headers: { accept, ...(method === "POST" && FORM) }, ...(method === "POST" && { payload: query.toString() }) });
    t.match(await ask("application/json"), limited, path);
    const page = await ask("text/html");
    t.match(page, { status: 429, headers: { "retry-after": /^[1-9]\d?$/ }, text: /<h1>Too many attempts/ }, path);
    t.equal(page.headers.location, undefined, "no code and no error is sent to the application");
  }
});

await t.test("guessed codes and secrets on /token count", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_FAILURES: "2" });
  const { client_id } = await app.register();
  const guess = (body: string) => app.call("POST", "/token",
    { headers: FORM, payload: `grant_type=authorization_code&code=x&redirect_uri=y&${body}` });
  t.strictSame(await statuses(4, () => guess(`client_id=${client_id}&client_secret=wrong`)), [401, 401, 429, 429]);
  const other = await testApp(t, { AUTHFLOW_RATE_LIMIT_IP: "2", AUTHFLOW_RATE_LIMIT_CLIENT: "1" });
  const spa = await other.register({ token_endpoint_auth_method: "none" });
  const ask = () => other.call("POST", "/token",
    { headers: FORM, payload: `grant_type=authorization_code&code=x&redirect_uri=y&client_id=${spa.client_id}` });
  t.strictSame(await statuses(3, ask), [400, 400, 429], "a public client's by address");
});

await t.test("guessed codes of a public client share reads of the database, and lock nobody out", async (t) => {
  const { app, logIn, exchange } = await loginFixture(t, { AUTHFLOW_RATE_LIMIT_FAILURES: "4" });
  const spa = await app.register({ token_endpoint_auth_method: "none" });
  const own = { client_id: spa.client_id, code_verifier: VERIFIER };
  const { code } = delivered(await logIn("alice", { ...PKCE, client_id: spa.client_id }));
  const store = app.fastify.database.authorizationCodes;
  const { findAll } = store;
  let reads = 0;
  store.findAll = (hashes) => { reads++; return findAll(hashes); };
  const guess = (i: number) => exchange({ ...own, code: `guess-${i}` });
  const refused = { status: 400, body: { error: "invalid_grant" } };
  for (let i = 0; i < 4; i++) t.match(await guess(i), refused);
  t.equal(reads, 4, "a few cost a read each");
  const guesses = Array.from({ length: 100 }, (_, i) => guess(i));
  const [right, ...wrong] = await Promise.all([exchange({ ...own, code }), ...guesses]);
  t.match(right, { status: 200, body: { access_token: String } }, "who has a code gets the token");
  for (const answer of wrong) t.match(answer, refused);
  t.ok(reads - 4 < 20, `${reads - 4} reads for 101 codes`);
});

await t.test("operators' calls stop at the limit of registrations", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_REGISTRATION: "2" });
  t.strictSame(await statuses(3, () => app.call("GET", "/clients", { headers: OPERATOR })), [200, 200, 429]);
});

await t.test("documents stop at their limit", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_DOCUMENTS: "3" });
  const ask = (url: string) => app.call("GET", url).then(({ status }) => status);
  const list = `/status-lists/${randomUUID()}`;
  t.strictSame([await ask("/docs/"), await ask("/openapi.json"), await ask(list)], [200, 200, 404]);
  t.strictSame([await ask("/docs/"), await ask("/docs/static/index.css"), await ask("/openapi.json"), await ask(list)],
    [429, 429, 429, 429]);
  t.equal(await ask("/.well-known/jwks.json"), 200, "verifiers always get the keys");
});

await t.test("health is never limited", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_IP: "1", AUTHFLOW_RATE_LIMIT_REGISTRATION: "1" });
  t.strictSame(await statuses(3, () => app.call("GET", "/health/live")), [200, 200, 200]);
  t.strictSame(await statuses(3, () => app.call("GET", "/health/ready")), [200, 200, 200]);
});

await t.test("a flood of wrong secrets shares its reads of the database", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_FAILURES: "1" });
  const [seen, unseen] = [await app.register(), await app.register()];
  const ask = (payload: object) => app.call("POST", "/mint", { payload: { sub: "a", ...payload } });
  for (let i = 0; i < 2; i++) await ask({ ...seen, client_secret: "wrong" });
  const { clients } = app.fastify.database;
  let reads = 0;
  for (const name of ["find", "findAll"] as const) {
    const read = clients[name] as (ids: never) => Promise<never>;
    clients[name] = (ids: never): Promise<never> => { reads++; return read(ids); };
  }
  const guesses = Array.from({ length: 1000 }, (_, i) => (i % 2 ? { ...seen, client_secret: `wrong ${i}` }
    : { client_id: randomUUID(), client_secret: "x" }));
  const answers = await Promise.all([...guesses, unseen].map(ask));
  t.strictSame(answers.map(({ status }) => status), [...guesses.map(() => 429), 200]);
  t.ok(reads > 0 && reads < 100, `${reads} reads`);
});
