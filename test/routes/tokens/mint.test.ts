import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import t from "../../support/tap.js";
import { basic, decode, manualClock, onEveryBackend, OPERATOR, testApp, withoutDatabase } from "../../support/app.js";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);
  const client = await app.register();

  await t.test("the reference's request gets the reference's answer, verifiable with the JWKS", async (t) => {
    const payload = { ...client, sub: "alice", provider: "google", email: "alice@example.com" };
    const { status, headers, body } = await app.call("POST", "/mint", { payload });
    t.equal(status, 200);
    t.equal(headers["cache-control"], "no-store");
    t.match(body, { token_type: "Bearer", expires_in: 3600 });
    t.strictSame(Object.keys(body), ["access_token", "token_type", "expires_in"]);
    const jwks = (await app.call("GET", "/.well-known/jwks.json")).body as unknown as JSONWebKeySet;
    const { protectedHeader, payload: claims } = await jwtVerify(body.access_token as string, createLocalJWKSet(jwks), {
      issuer: "authflow-go", algorithms: ["RS256"], typ: "JWT",
    });
    t.strictSame(protectedHeader, { alg: "RS256", typ: "JWT", kid: jwks.keys[0]?.kid });
    const { jti, iat, exp, ...rest } = claims;
    t.strictSame(rest, { iss: "authflow-go", sub: "alice", client_id: client.client_id, provider: "google",
      email: "alice@example.com" });
    t.match(jti, UUID_V7);
    t.equal((exp as number) - (iat as number), 3600);
  });

  await t.test("a client of another process's making mints here, and a deleted one does not", async (t) => {
    const other = await testApp(t, env);
    const credentials = await other.register();
    t.ok(await app.mint({}, credentials));
    const { client_id: id } = await app.register();
    await app.call("DELETE", `/clients/${id}`, { headers: OPERATOR });
    const { status, body } = await app.call("POST", "/mint",
      { payload: { client_id: id, client_secret: "x", sub: "a" } });
    t.match({ status, body }, { status: 401, body: { error: "invalid_client" } });
  });

  await t.test("minting needs no database once the client is known", async (t) => {
    const alone = await testApp(t, env, manualClock());
    await alone.mint({}, client);
    await withoutDatabase(alone);
    t.ok(await alone.mint({}, client));
    const { status, headers, body } = await alone.call("POST", "/mint",
      { payload: { ...client, client_secret: "another", sub: "a" } });
    t.match({ status, error: body.error }, { status: 503, error: "temporarily_unavailable" },
      "what is not known can't be looked up");
    t.match(headers["retry-after"], /^\d+$/);
  });
});

await t.test("what the request asks for stands in the token", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const mint = async (body: object) => {
    const token = await app.mint({ ...body }, client);
    return { ...decode(token), typ: decode(token, 0).typ };
  };
  const cases: [what: string, body: object, expected: object][] = [
    ["provider is local where none is named", {}, { provider: "local", typ: "JWT" }],
    ["name", { name: "Zoë 🚲" }, { name: "Zoë 🚲" }],
    ["custom claims as they are", { claims: { roles: ["a"], deep: { x: [1, null, true] } } },
      { roles: ["a"], deep: { x: [1, null, true] } }],
    ["one audience as a text", { audience: "api" }, { aud: "api", typ: "JWT" }],
    ["an audience list of one as a text", { audience: ["api"] }, { aud: "api", typ: "JWT" }],
    ["several audiences as a list", { audience: ["a", "b"] }, { aud: ["a", "b"], typ: "JWT" }],
    ["a scope of several values", { scope: "read write:all" }, { scope: "read write:all" }],
    ["what the platform says about its login",
      { acr: "urn:example:loa:2", amr: ["pwd", "otp"], auth_time: 1_700_000_000, sid: "s-1" },
      { acr: "urn:example:loa:2", amr: ["pwd", "otp"], auth_time: 1_700_000_000, sid: "s-1" }],
    ["a subject of 255 characters beyond the BMP", { sub: "🚲".repeat(255) }, { sub: "🚲".repeat(255) }],
    ["a subject with a pipe that is no provider's", { sub: "shop|7" }, { sub: "shop|7" }],
    ["claims that only look like an object's members", { claims: { toString: 1, hasOwnProperty: 2 } },
      { toString: 1, hasOwnProperty: 2 }],
  ];
  for (const [what, body, expected] of cases) await t.test(what, async (t) => { t.match(await mint(body), expected); });
  t.notOk("aud" in await mint({}), "no aud unless asked for: common verifiers refuse an unexpected one");
});

await t.test("a lifetime is the one asked for, up to the installation's and the client's most", async (t) => {
  const app = await testApp(t, { AUTHFLOW_TOKEN_TTL: "10m", AUTHFLOW_TOKEN_TTL_MAX: "1h" });
  const client = await app.register();
  const ask = (expires_in?: number) => app.call("POST", "/mint",
    { headers: basic(client), payload: { sub: "a", ...(expires_in !== undefined && { expires_in }) } });
  t.equal((await ask()).body.expires_in, 600);
  t.equal((await ask(1)).body.expires_in, 1);
  t.equal((await ask(3600)).body.expires_in, 3600);
  t.match(await ask(3601), { status: 400, body: { error: "invalid_request",
    error_description: /expires_in must be at most 3600/ } });
  const patch = { headers: OPERATOR, payload: { policy: { max_ttl: 60 } } };
  t.equal((await app.call("PATCH", `/clients/${client.client_id}`, patch)).status, 200);
  t.equal((await ask()).body.expires_in, 60, "the default gives way to the client's most");
  t.equal((await ask(61)).status, 400);
});

await t.test("iat, exp and jti follow the clock", async (t) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, {}, { clock });
  const client = await app.register();
  const first = decode(await app.mint({}, client));
  advance(100);
  const second = decode(await app.mint({}, client));
  t.equal(first.iat, Math.floor((clock() - 100_000) / 1000));
  t.equal((second.iat as number) - (first.iat as number), 100);
  t.equal((second.exp as number) - (first.exp as number), 100);
  t.equal(Number.parseInt((second.jti as string).replace("-", "").slice(0, 12), 16), clock());
});

await t.test("requests at once get different tokens", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => app.mint({}, client)));
  t.equal(new Set(tokens.map((token) => decode(token).jti)).size, 50);
});
