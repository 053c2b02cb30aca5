import { randomUUID } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import t, { type Test } from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { basic, bearer, type Credentials, decode, type Environment, manualClock, onEveryBackend, OPERATOR, someClaims,
  testApp, type TestApp, withoutDatabase } from "../../support/app.js";
import { delivered, loginFixture } from "../../support/login.js";
import { bitAt, entryOf, verifiedBits } from "../../support/status-lists.js";

const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 6).toString("base64") };
const ON = { AUTHFLOW_STATUS_LISTS: "on", ...KEK };
const VALID = 0, INVALID = 1;

const pathOf = (token: string): string => new URL(entryOf(token).uri).pathname;
async function bitsOf(app: TestApp, token: string, now: number): Promise<Uint8Array> {
  const { status, text, headers } = await app.call("GET", pathOf(token));
  if (status !== 200) throw new Error(`${status}: ${text}`);
  if (headers["content-type"] !== "application/statuslist+jwt") throw new Error(headers["content-type"]);
  const jwks = (await app.call("GET", "/.well-known/jwks.json")).body as unknown as { keys: object[] };
  return verifiedBits(text, jwks, entryOf(token).uri, new Date(now));
}
const ones = (bits: Uint8Array): number =>
  Buffer.from(bits).reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);

/** Two replicas with one clock. */
async function replicas(t: Test, env: Environment, { clock, advance }: ReturnType<typeof manualClock>) {
  const [a, b] = [await testApp(t, { ...env, ...ON }, { clock }), await testApp(t, { ...env, ...ON }, { clock })];
  const client = await a.register();
  /** Lets a list grow old, and every replica say its word. */
  const settle = async () => {
    advance(6);
    for (const { fastify: { statusAllocator } } of [a, b]) await statusAllocator.flush();
  };
  /** What each of the replicas says of tokens, as soon as it has to know all that happened until now. */
  const statuses = async (tokens: string[]): Promise<number[]> => {
    await settle();
    const [here, there] = await Promise.all([a, b].map(async (app) => Promise.all(tokens.map(async (token) =>
      bitAt(await bitsOf(app, token, clock()), entryOf(token).idx))))) as [number[], number[]];
    t.strictSame(here, there, "both replicas say the same");
    return here;
  };
  return { a, b, client, clock, advance, settle, statuses };
}

await onEveryBackend(t, async (t, env) => {
  const time = manualClock(); // goes on from test to test: so do the cut-offs in the database
  await t.test("a logout flips the token's bit and no other", async (t) => {
    const { a, b, client, clock, statuses } = await replicas(t, env, time);
    const [out, stays] = [await a.mint({}, client), await a.mint({}, client)];
    t.match(entryOf(out), { uri: /^http:\/\/localhost:8080\/status-lists\/[0-9a-f-]{36}$/ });
    t.equal(entryOf(out).uri, entryOf(stays).uri);
    t.strictSame(await statuses([out, stays]), [VALID, VALID]);
    t.equal(ones(await bitsOf(a, out, clock())), 0);
    t.equal((await b.logout(out)).status, 200);
    t.strictSame(await statuses([out, stays]), [INVALID, VALID]);
    t.equal(ones(await bitsOf(b, out, clock())), 1);
    t.equal((await bitsOf(b, out, clock())).length, 2 ** 14);
  });

  await t.test("log out everywhere flips all tokens of the subject, of every replica, but no later one", async (t) => {
    const { a, b, client, statuses, clock } = await replicas(t, env, time);
    const one = await a.mint({ sub: "alice" }, client);
    const tokens = [one, await b.mint({ sub: "alice" }, client), await a.mint({ sub: "bob" }, client),
      await b.mint({ sub: "alice2" }, client)];
    t.not(entryOf(tokens[0] as string).uri, entryOf(tokens[1] as string).uri, "each replica has its lists");
    t.strictSame(await statuses(tokens), [VALID, VALID, VALID, VALID]);
    const late = await b.mint({ sub: "alice" }, client); // not written down yet
    t.equal((await a.call("POST", "/logout", { headers: bearer(one), payload: { everywhere: true } })).status, 200);
    t.strictSame(await statuses([...tokens, late]), [INVALID, INVALID, VALID, VALID, INVALID]);
    const after = await a.mint({ sub: "alice" }, client);
    t.strictSame(await statuses([one, after]), [INVALID, VALID]);
    t.equal((await b.call("POST", "/revocations", { headers: basic(client), payload: { sub: "bob" } })).status, 200);
    t.strictSame(await statuses([...tokens, after]), [INVALID, INVALID, INVALID, VALID, VALID]);
    t.equal(ones(await bitsOf(a, one, clock())), 2);
  });

  await t.test("the end of a session flips its tokens, or those that one client was issued", async (t) => {
    const { a, b, client, statuses } = await replicas(t, env, time);
    const other = await b.register();
    const tokens = [await a.mint({ sid: "s-1" }, client), await b.mint({ sid: "s-1" }, other),
      await b.mint({ sid: "s-2" }, client), await a.mint({}, client)];
    const end = (payload: object) => a.call("POST", "/revocations", { headers: OPERATOR, payload });
    t.equal((await end({ sid: "s-1", client_id: client.client_id })).status, 200);
    t.strictSame(await statuses(tokens), [INVALID, VALID, VALID, VALID]);
    t.equal((await end({ sid: "s-1" })).status, 200);
    t.strictSame(await statuses(tokens), [INVALID, INVALID, VALID, VALID]);
    t.strictSame(await statuses([await b.mint({ sid: "s-1" }, other)]), [VALID], "none that is minted later");
  });

  await t.test("revoking a client's tokens flips them, and no other's", async (t) => {
    const { a, b, client, statuses } = await replicas(t, env, time);
    const tokens = [await a.mint({}, client), await b.mint({}, client), await a.mint()];
    t.equal((await b.call("POST", `/clients/${client.client_id}/revoke-tokens`, { headers: OPERATOR })).status, 200);
    t.strictSame(await statuses(tokens), [INVALID, INVALID, VALID]);
  });

  await t.test("revoking a key flips all that it signed, and the next key signs the list", async (t) => {
    const { a, b, client, statuses } = await replicas(t, env, time);
    const tokens = [await a.mint({}, client), await b.mint({}, client)];
    const { kid } = a.fastify.keys.signer;
    t.strictSame(await statuses(tokens), [VALID, VALID]);
    t.equal((await a.call("POST", `/keys/${kid}/revoke`, { headers: OPERATOR })).status, 200);
    await until("the other replica has the new key", () => b.fastify.keys.signer.kid !== kid);
    const after = await b.mint({}, client);
    t.equal(entryOf(after).uri, entryOf(tokens[1] as string).uri);
    t.strictSame(await statuses([...tokens, after]), [INVALID, INVALID, VALID]);
    const { text } = await b.call("GET", pathOf(after));
    t.equal(decodeProtectedHeader(text).kid, b.fastify.keys.signer.kid);
  });

  await t.test("the loop writes down by itself what was minted", async (t) => {
    const app = await testApp(t, { ...env, ...ON });
    const token = await app.mint();
    const id = pathOf(token).slice("/status-lists/".length);
    const { statusLists } = app.fastify.database;
    await until("the record is there", async () => (await statusLists.batches(id, -1, 10)).length === 1);
  });

  await t.test("a replica that ends in order leaves nothing in doubt", async (t) => {
    const { a, client, b, statuses } = await replicas(t, env, time);
    const leaving = await testApp(t, { ...env, ...ON }, { clock: a.fastify.clock });
    const [token, other] = [await leaving.mint({ sub: "carol" }, client), await leaving.mint({ sub: "dave" }, client)];
    await leaving.fastify.close();
    const id = pathOf(token).slice("/status-lists/".length);
    t.match(await b.fastify.database.statusLists.find(id), { closed: true });
    t.equal((await a.call("POST", "/revocations", { headers: basic(client), payload: { sub: "carol" } })).status, 200);
    t.strictSame(await statuses([token, other]), [INVALID, VALID]);
  });

  await t.test("once warm, minting asks the database nothing", async (t) => {
    const app = await testApp(t, { ...env, ...ON }, { clock: time.clock });
    const client = await app.register();
    const first = await app.mint({}, client);
    await withoutDatabase(app);
    const entries = [first];
    for (let i = 0; i < 20; i++) entries.push(await app.mint({}, client));
    t.equal(new Set(entries.map((token) => entryOf(token).idx)).size, 21);
    t.equal(new Set(entries.map((token) => entryOf(token).uri)).size, 1);
    const failing = "recording the tokens of status lists: failed, will be tried again";
    await until("the loop noticed", () => app.logs.some((line) => line.includes(failing)));
  });
});

await t.test("who gets a status: the client's policy decides, else the deployment", async (t) => {
  const withPolicy = async (app: TestApp, status_list: boolean | null | undefined): Promise<Credentials> => {
    const client = await app.register();
    if (status_list === undefined) return client;
    const path = `/clients/${client.client_id}`;
    const { status, body } = await app.call("PATCH", path, { headers: OPERATOR, payload: { policy: { status_list } } });
    t.match({ status, body }, { status: 200, body: { policy: { status_list } } });
    return client;
  };
  for (const [setting, policy, expected] of [["on", undefined, true], ["on", null, true], ["on", true, true],
    ["on", false, false], ["off", undefined, false], ["off", null, false], ["off", true, true], ["off", false, false],
    [undefined, undefined, false]] as const) {
    const app = await testApp(t, setting && { AUTHFLOW_STATUS_LISTS: setting });
    const { status } = decode(await app.mint({}, await withPolicy(app, policy)));
    t.equal(status !== undefined, expected, `setting ${setting}, policy ${policy}`);
  }
  const app = await testApp(t);
  const { client_id: id } = await app.register();
  t.match((await app.call("GET", `/clients/${id}`, { headers: OPERATOR })).body, { policy: { status_list: null } });
  const wrong = { headers: OPERATOR, payload: { policy: { status_list: "yes" } } };
  t.match(await app.call("PATCH", `/clients/${id}`, wrong),
    { status: 400, body: { error_description: /policy\.status_list/ } });
  t.match(await app.call("POST", "/mint",
    { headers: basic(await app.register()), payload: { sub: "a", claims: { status: {} } } }),
    { status: 400, body: { error_description: /claims\.status/ } });
});

await t.test("a client of a version that knew no status lists mints as the deployment says", async (t) => {
  const app = await testApp(t, ON);
  const { client_id: id, client_secret } = await app.register();
  const { clients } = app.fastify.database;
  await clients.update(id, Date.now(), ({ policy: { status_list: _, ...rest } }) => ({ policy: rest as never }));
  t.ok(entryOf(await app.mint({}, { client_id: id, client_secret })));
  t.match((await app.call("GET", `/clients/${id}`, { headers: OPERATOR })).body, { policy: { status_list: null } });
});

await t.test("tokens without a status are logged out as before, and no list has an entry for them", async (t) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, KEK, { clock });
  const client = await app.register();
  const before = await app.mint({}, client);
  const { client_id: id } = client;
  await app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload: { policy: { status_list: true } } });
  const token = await app.mint({}, client);
  t.equal((await app.logout(before)).status, 200);
  t.equal((await app.userinfo(before)).status, 401);
  advance(6);
  t.equal(ones(await bitsOf(app, token, clock())), 0);
});

await t.test("a cache may keep it, any page may read it, and who has it asks by its tag", async (t) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, ON, { clock });
  const path = pathOf(await app.mint());
  const first = await app.call("GET", path);
  t.match(first, { status: 200, headers: {
    "cache-control": "public, max-age=30", "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "content-type": "application/statuslist+jwt", etag: /^"[\w-]{27}"$/,
  } });
  const iat = Math.floor(clock() / 1000);
  t.match(decode(first.text), { iat, exp: iat + 120, ttl: 30, status_list: { bits: 1 } });
  t.strictSame(Object.keys(decode(first.text)).sort(), ["exp", "iat", "status_list", "sub", "ttl"]);
  t.strictSame(decode(first.text, 0), { alg: "RS256", typ: "statuslist+jwt", kid: app.fastify.keys.signer.kid });
  const { etag } = first.headers as { etag: string };
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const answer = await app.call("GET", path, { headers: { "if-none-match": tag } });
    t.strictSame([answer.status, answer.text, answer.headers.etag], [304, "", etag]);
  }
  t.match(await app.call("HEAD", path), { status: 200, text: "", headers: { etag } });
  advance(4);
  t.equal((await app.call("GET", path)).text, first.text, "signed once for all who ask within seconds");
  advance(1);
  const next = await app.call("GET", path, { headers: { "if-none-match": etag } });
  t.equal(next.status, 200);
  t.match(decode(next.text), { iat: iat + 5 });
});

await t.test("there is no list but those that there are", async (t) => {
  const app = await testApp(t, ON);
  t.match(await app.call("GET", `/status-lists/${randomUUID()}`),
    { status: 404, body: { error: "not_found" }, headers: { "cache-control": "no-store" } });
  for (const id of ["1", "..%2Fkeys", `${randomUUID()}x`])
    t.match(await app.call("GET", `/status-lists/${id}`), { status: 400, body: { error: "invalid_request" } });
});

await t.test("where it can't be known what is revoked, no list is given out", async (t) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, ON, { clock });
  const path = pathOf(await app.mint());
  const { text } = await app.call("GET", path);
  await withoutDatabase(app);
  advance(4);
  t.equal((await app.call("GET", path)).text, text, "what it knew a moment ago");
  advance(2);
  t.match(await app.call("GET", path),
    { status: 503, body: { error: "temporarily_unavailable" },
      headers: { "cache-control": "no-store", "retry-after": /\d/ } });
  t.equal((await app.call("GET", `/status-lists/${randomUUID()}`)).status, 503, "nor is one denied");
});

await t.test("a list is no access token", async (t) => {
  const app = await testApp(t, ON);
  const token = await app.mint();
  const { text: list } = await app.call("GET", pathOf(token));
  const disguised = await app.sign(someClaims({ status_list: decode(list).status_list }), "statuslist+jwt");
  for (const refused of [list, disguised]) {
    t.match(await app.userinfo(refused), { status: 401, body: { error: "invalid_token" } });
    t.match(await app.logout(refused), { status: 401, body: { error: "invalid_token" } });
  }
  t.match(await app.userinfo(disguised), { body: { error_description: "This is not an access token" } });
  const url = entryOf(token).uri;
  const jwks = (await app.call("GET", "/.well-known/jwks.json")).body as unknown as { keys: object[] };
  await t.rejects(verifiedBits(token, jwks, url),
    { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" }, "nor an access token a list");
  await t.rejects(verifiedBits(list, jwks, `${url}x`), { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" });
  await t.rejects(verifiedBits(list, jwks, url, new Date(Date.now() + 125_000)), { code: "ERR_JWT_EXPIRED" });
});

await t.test("the limit for an address holds", async (t) => {
  const app = await testApp(t, { ...ON, AUTHFLOW_RATE_LIMIT_IP: "3" });
  const ask = () => app.call("GET", `/status-lists/${randomUUID()}`);
  for (let i = 0; i < 3; i++) t.equal((await ask()).status, 404);
  t.match(await ask(), { status: 429, headers: { "retry-after": /\d/ } });
});

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const { app, client, logIn, exchange } = await loginFixture(t, { ...env, ...ON }, { clock });
  const statusOf = async (token: string): Promise<number> => {
    advance(6);
    await app.fastify.statusAllocator.flush();
    return bitAt(await bitsOf(app, token, clock()), entryOf(token).idx);
  };

  await t.test("the token of a login has a status, whichever way it comes", async (t) => {
    const { access_token: token = "" } = delivered(await logIn("alice"));
    t.equal(await statusOf(token), VALID);
    t.equal((await app.logout(token)).status, 200);
    t.equal(await statusOf(token), INVALID);
  });

  await t.test("a code that comes again ends the token that it gave, in its list too", async (t) => {
    const code = delivered(await logIn("alice", { response_type: "code" })).code as string;
    const { body: { access_token: token } } = await exchange({ code, ...client });
    const other = delivered(await logIn("alice")).access_token as string;
    t.strictSame([await statusOf(token as string), await statusOf(other)], [VALID, VALID]);
    t.match(await exchange({ code, ...client }), { status: 400, body: { error: "invalid_grant" } });
    t.strictSame([await statusOf(token as string), await statusOf(other)], [INVALID, VALID]);
    t.equal((await app.userinfo(token as string)).status, 401);
  });
});
