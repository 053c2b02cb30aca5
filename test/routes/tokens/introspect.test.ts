import { createHmac, generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import t from "../../support/tap.js";
import { isAllUp, until } from "../../e2e/support.js";
import { basic, bearer, type Credentials, decode, manualClock, onEveryBackend, OPERATOR, someClaims, testApp,
  type TestApp, withoutDatabase } from "../../support/app.js";
import { privateRedis } from "../../support/private-redis.js";
import { lastingMint, refresh, startAuthorized, tokensOf } from "../../support/refresh.js";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const INACTIVE = "{\"active\":false}";
const introspector = (app: TestApp, client: Credentials) =>
  (token: string, more: Record<string, string> = {}, headers: Record<string, string> = basic(client)) =>
    app.call("POST", "/introspect",
      { headers: { ...FORM, ...headers }, payload: new URLSearchParams({ token, ...more }).toString() });
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

await onEveryBackend(t, async (t, env) => {
  const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") };
  const [app, other] = [await testApp(t, { ...env, ...KEK }), await testApp(t, { ...env, ...KEK })];
  const [client, resource] = [await app.register(), await app.register()];
  const [ask, askOther] = [introspector(app, resource), introspector(other, resource)];

  await t.test("of a live token it returns the claims, whoever's token it is", async (t) => {
    const claims = { roles: ["admin", { deep: null }], active: false, token_type: "none" };
    const tokens =
      [await app.mint({ claims, email: "a@example.com" }, client), await app.mint({ audience: "api" }, resource)];
    for (const token of tokens) {
      for (const introspect of [ask, askOther]) {
        const { status, headers, body } = await introspect(token);
        t.equal(status, 200);
        t.strictSame(body, { ...decode(token), active: true, token_type: "Bearer" });
        t.equal(headers["cache-control"], "no-store");
      }
    }
  });

  const dead = async (what: string, token: string) => t.test(`${what} is only said to be inactive`, async (t) => {
    for (const introspect of [ask, askOther]) {
      const { status, text } = await introspect(token);
      t.strictSame({ status, text }, { status: 200, text: INACTIVE });
    }
  });
  const live = () => app.mint({ sub: "dave" }, client);

  const WAYS: [what: string, end: (token: string) => Promise<{ status: number }>][] = [
    ["a token that was logged out", (token) => app.logout(token)],
    ["one that was logged out everywhere", (token) =>
      app.call("POST", "/logout", { headers: bearer(token), payload: { everywhere: true } })],
    ["one of a revoked subject", () =>
      app.call("POST", "/revocations", { headers: basic(client), payload: { sub: "dave" } })],
    ["one of a client whose tokens were ended", () =>
      app.call("POST", `/clients/${client.client_id}/revoke-tokens`, { headers: OPERATOR })],
    ["one of a revoked key", (token) =>
      app.call("POST", `/keys/${decode(token, 0).kid as string}/revoke`, { headers: OPERATOR })],
  ];
  for (const [what, end] of WAYS) {
    const token = await live();
    t.equal((await end(token)).status, 200);
    await dead(what, token);
  }

  const token = await live();
  const [header, payload, signature] = token.split(".") as [string, string, string];
  const { kid } = decode(token, 0);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const [jwk] = (await app.call("GET", "/.well-known/jwks.json")).body.keys as [object];
  const none = `${part({ alg: "none", typ: "JWT", kid })}.${payload}`;
  const confused = `${part({ alg: "HS256", typ: "JWT", kid })}.${payload}`;
  const FOREIGN: [what: string, token: string][] = [
    ["an expired token", await app.sign(someClaims({ exp: Math.floor(Date.now() / 1000) - 1 }))],
    ["another issuer's", await app.sign(someClaims({ iss: "https://other.example" }))],
    ["one without a jti", await app.sign(someClaims({ jti: undefined }))],
    ["one that never expires", await app.sign(someClaims({ exp: undefined }))],
    ["one by another key",
      await new SignJWT(someClaims()).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: kid as string })
        .sign(privateKey)],
    ["one by an unknown key",
      await new SignJWT(someClaims()).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: "x" }).sign(privateKey)],
    ["one without a kid",
      await new SignJWT(someClaims()).setProtectedHeader({ alg: "RS256", typ: "JWT" }).sign(privateKey)],
    ["one with changed claims", `${header}.${part({ ...decode(token), sub: "admin" })}.${signature}`],
    ["one without its signature", `${header}.${payload}.`],
    ["alg none", `${none}.`],
    ["alg none with a signature", `${none}.${signature}`],
    ["HS256 by the public key",
      `${confused}.${createHmac("sha256", JSON.stringify(jwk)).update(confused).digest("base64url")}`],
    ["two parts", `${header}.${payload}`], ["a token and more", `${token}.x`],
    ["a token with Bearer", `Bearer ${token}`],
    ["text", "nonsense"], ["nothing", ""], ["dots", ".."], ["NUL", "\0"], ["a client's secret", client.client_secret],
    ["much", "x".repeat(30_000)],
  ];
  for (const [what, text] of FOREIGN) await dead(what, text);
  await t.test("they were refused for what they are", async (t) => {
    for (const good of [token, await app.sign(someClaims())]) t.match((await ask(good)).body, { active: true });
  });
});

await t.test("who may ask, and how", async (t) => {
  const app = await testApp(t);
  const [client, spa] = [await app.register(), await app.register({ token_endpoint_auth_method: "none" })];
  const token = await app.mint({}, client);
  const ask = introspector(app, client);
  const active = { status: 200, body: { active: true } };
  const post = (payload: string, headers: Record<string, string> = basic(client)) =>
    app.call("POST", "/introspect", { headers: { ...FORM, ...headers }, payload });

  await t.test("credentials come by Basic or in the form, the secret not in both", async (t) => {
    t.match(await ask(token), active);
    t.match(await ask(token, { ...client }, {}), active);
    t.match(await ask(token, { ...client }),
      { status: 400, body: { error: "invalid_request", error_description: /not both/ } });
    t.match(await ask(token, { client_id: client.client_id }), active, "an equal client_id only names the client");
    t.match(await ask(token, { client_id: spa.client_id }), { status: 400, body: { error_description: /differs/ } });
  });

  await t.test("without them, with wrong ones, and of a public client the question is refused", async (t) => {
    const refused =
      { status: 401, headers: { "www-authenticate": "Basic realm=\"authflow\"" }, body: { error: "invalid_client" } };
    for (const [more, headers] of [
      [{}, {}], [{}, basic({ ...client, client_secret: "wrong" })], [{ ...client, client_secret: "wrong" }, {}],
      [{}, bearer(token)], [{}, OPERATOR], [{ client_id: spa.client_id, client_secret: "undefined" }, {}],
      [{}, basic({ client_id: spa.client_id, client_secret: "" })],
    ] as const) {
      const { text, ...answer } = await ask(token, more, headers);
      t.match(answer, refused);
      t.notMatch(text, /active/);
    }
    t.match(await ask(token, { client_id: spa.client_id }, {}),
      { status: 400, body: { error_description: /^client_secret is missing/ } });
    t.match(await ask(token, { client_secret: "x" }, {}),
      { status: 400, body: { error_description: /^client_id is missing/ } });
  });

  await t.test("it takes a form with a token, each parameter once, and ignores what it does not know", async (t) => {
    t.match(await ask(token, { token_type_hint: "refresh_token", resource: "x", __proto__x: "1" }), active);
    t.match(await post(`token=${token}&x=1&x=2`), active);
    t.match(await post(""), { status: 400, body: { error: "invalid_request" } });
    t.match(await post("token_type_hint=access_token"),
      { status: 400, body: { error_description: "token is missing" } });
    t.match(await post(`token=${token}&token=${token}`),
      { status: 400, body: { error_description: "token must be given once" } });
    t.match(await post(`token=${token}&token_type_hint=a&token_type_hint=b`),
      { status: 400, body: { error_description: /^token_type_hint/ } });
    t.match(await app.call("POST", "/introspect", { headers: basic(client), payload: { token } }),
      { status: 415, body: { error_description: /x-www-form-urlencoded/ } });
    t.match(await app.call("POST", `/introspect?token=${token}`,
      { headers: { ...FORM, ...basic(client) }, payload: "" }), { status: 400 });
    t.equal((await app.call("GET", `/introspect?token=${token}`, { headers: basic(client) })).status, 405);
    t.equal((await post(`token=${"x".repeat(33_000)}`)).status, 413);
  });
});

await t.test("what can't be known is 503 and never a lie, and no token is logged", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const app = await testApp(t, { REDIS_URL: redis.url });
  const client = await app.register();
  const ask = introspector(app, client);
  const [live, revoked, unknown] = [await app.mint({}, client), await app.mint({}, client), await app.mint({}, client)];
  await app.logout(revoked);
  const strange = live.replace(/^[^.]+/, part({ alg: "RS256", typ: "JWT", kid: "strange" }));
  const unavailable = { status: 503, body: { error: "temporarily_unavailable", active: undefined } };
  const answers = async (token: string) => (await ask(token)).body.active;

  await redis.kill();
  t.strictSame([await answers(live), await answers(revoked)], [true, false], "the database knows");
  await redis.start();
  await until("Redis is filled", async () => isAllUp(await app.call("GET", "/health/ready")));
  await withoutDatabase(app);
  t.match(await ask(strange), unavailable, "another replica may have begun to sign with it");
  await redis.kill();
  for (const token of [live, unknown]) t.match(await ask(token), unavailable);
  t.not((await ask(revoked)).body.active, true);
  t.equal(await answers("nonsense"), false, "this much is known");
  const log = app.logs.join("");
  t.match(log, /"path":"\/introspect"/);
  for (const token of [live, revoked, unknown, strange]) {
    t.notOk(log.includes(token));
    t.notOk(log.includes(token.split(".")[2] as string));
  }
});

const patch = async (app: TestApp, { client_id }: Credentials, payload: object): Promise<void> => {
  t.equal((await app.call("PATCH", `/clients/${client_id}`, { headers: OPERATOR, payload })).status, 200);
};

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, env, { clock, timing: { cutoffWait: 0 } });
  const own = await app.register({ permissions: ["mint", "login", "introspect:own"] });
  const service = await app.register({ permissions: ["introspect:any"] });
  const stranger = await app.register({ permissions: ["mint", "introspect:own"] });
  const [ask, askAny] = [introspector(app, own), introspector(app, service)];
  const askStranger = introspector(app, stranger);

  await t.test("a refresh token has a state too, which no service can take for an access token's", async (t) => {
    const body = { sub: "alice", scope: "read", sid: "a-session", audience: "api" };
    const { refresh: token, access } = await lastingMint(app, own, body);
    const iat = Math.floor(clock() / 1000);
    const state = {
      active: true, client_id: own.client_id, sub: "alice", sid: "a-session", scope: "read", iat,
      exp: iat + 14 * 86_400,
    };
    t.strictSame((await ask(token)).body, state);
    t.strictSame((await askAny(token, { token_type_hint: "refresh_token" })).body, state);
    t.strictSame((await askStranger(token)).body, { active: false });
    t.match((await ask(access)).body, { active: true, token_type: "Bearer", scope: "read", sid: "a-session" });
    const next = tokensOf(await refresh(app, own, token));
    t.strictSame((await ask(token)).body, { active: false }, "it was exchanged");
    t.match((await ask(next.refresh)).body, { active: true });
    await app.logout(next.access);
    t.strictSame((await ask(next.refresh)).body, { active: false });
  });

  await t.test("one of an authorization has its scope, one without a scope has none", async (t) => {
    await patch(app, own, { policy: { scopes: ["x"] } });
    t.match((await ask(await startAuthorized(app, own, { scopes: ["openid", "x"] }))).body, { scope: "openid x" });
    t.equal((await ask((await lastingMint(app, own)).refresh)).body.scope, undefined);
  });

  await t.test("its state is what its exchange would give now", async (t) => {
    const other = await app.register({ permissions: ["mint", "login"] });
    await patch(app, other, { policy: { scopes: ["x"], refresh_ttl: 7200 } });
    const token = await startAuthorized(app, other, { scopes: ["openid", "x"] });
    const iat = Math.floor(clock() / 1000);
    t.match((await askAny(token)).body, { active: true, scope: "openid x", exp: iat + 7200 });
    await patch(app, other, { policy: { scopes: null, refresh_ttl: 3600 } });
    t.match((await askAny(token)).body, { active: true, scope: "openid", exp: iat + 3600 });
    await patch(app, other, { disabled: true });
    t.strictSame((await askAny(token)).body, { active: false }, "a disabled client can't exchange it");
    await patch(app, other, { disabled: false, grant_types: ["authorization_code"] });
    t.strictSame((await askAny(token)).body, { active: false });
    await patch(app, other, { grant_types: ["authorization_code", "refresh_token"] });
    advance(3600);
    t.strictSame((await askAny(token)).body, { active: false }, "its absolute lifetime became shorter");
    t.match(await refresh(app, other, token), { status: 400, body: { error: "invalid_grant" } });
  });

  await t.test("what is none, or over, is inactive", async (t) => {
    const { refresh: token } = await lastingMint(app, own);
    for (const text of [`${token}x`, `authflow_refresh_${"A".repeat(64)}`, "authflow_refresh_"])
      t.strictSame((await ask(text)).body, { active: false });
    advance(14 * 86_400);
    t.strictSame((await ask(token)).body, { active: false });
  });

  await t.test("a client without the permission learns nothing", async (t) => {
    const client = await app.register({ permissions: ["mint"] });
    const { refresh: token } = await lastingMint(app, client);
    t.match(await introspector(app, client)(token), { status: 400, body: { error: "unauthorized_client" } });
  });
});
