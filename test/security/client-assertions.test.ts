import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import * as oauth from "oauth4webapi";
import t, { type Test } from "../support/tap.js";
import {
  type Answer, basic, manualClock, onEveryBackend, OPERATOR, REDIRECT_URI, type TestApp, testApp,
} from "../support/app.js";

const ISSUER = "http://localhost:8080";
const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const KINDS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"] as const;

const pairs = Object.fromEntries(await Promise.all(KINDS.map(async (alg) =>
  [alg, await generateKeyPair(alg, { extractable: true })] as const)));
type Kind = (typeof KINDS)[number];
type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
const pair = (alg: Kind): Keys => pairs[alg] as Keys;
const publicKey = async (alg: Kind, more: object = {}) => ({ ...await exportJWK(pair(alg).publicKey), ...more });

interface Made {
  claims?: JWTPayload;
  header?: object;
  alg?: string;
  key?: Parameters<SignJWT["sign"]>[0];
  now?: number;
}
/** An assertion of the client, with other claims where `claims` say so (undefined: without). */
function assertion(id: string, { claims, header, alg = "ES256", key, now = Date.now() }: Made = {}): Promise<string> {
  const iat = Math.floor(now / 1000);
  const usual = { iss: id, sub: id, aud: ISSUER, jti: randomUUID(), iat, exp: iat + 60 };
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg, ...header })
    .sign(key ?? pair(alg as Kind).privateKey);
}
const withKeys = async (app: TestApp, metadata: object): Promise<string> => (await app.register({
  token_endpoint_auth_method: "private_key_jwt", permissions: ["mint", "login", "introspect:own", "revoke:own"],
  ...metadata,
})).client_id;
const send = (app: TestApp, form: Record<string, string>, path = "/token", headers = {}): Promise<Answer> =>
  app.call("POST", path, {
    headers: { ...FORM, ...headers },
    payload: new URLSearchParams({ grant_type: "client_credentials", client_assertion_type: TYPE, ...form }).toString(),
  });

await t.test("a client authenticates by an assertion, with each kind of key", async (t) => {
  const app = await testApp(t);
  for (const alg of KINDS) {
    const id = await withKeys(app, { jwks: { keys: [await publicKey("ES256"), await publicKey(alg, { kid: alg })] } });
    const header = alg === "ES256" ? {} : { kid: alg };
    const { status, body } = await send(app, { client_assertion: await assertion(id, { alg, header }) });
    t.match({ status, body }, { status: 200, body: { token_type: "Bearer" } }, alg);
    const introspected = await send(app, {
      token: body.access_token as string, client_assertion: await assertion(id, { alg, header }), client_id: id,
    }, "/introspect");
    t.match(introspected.body, { active: true, sub: id }, `${alg} at /introspect`);
    const by = async (aud: string) => ({ client_assertion: await assertion(id, { alg, header, claims: { aud } }) });
    const pushed = await send(app, { response_type: "code", redirect_uri: REDIRECT_URI, scope: "openid",
      ...await by(`${ISSUER}/par`) }, "/par");
    t.equal(pushed.status, 201, `${alg} at /par: ${pushed.text}`);
    const revoked = await send(app, { token: body.access_token as string, ...await by(`${ISSUER}/revoke`) }, "/revoke");
    t.equal(revoked.status, 200, `${alg} at /revoke: ${revoked.text}`);
    t.match((await send(app, { token: body.access_token as string, ...await by(ISSUER) }, "/introspect")).body,
      { active: false });
  }
});

await t.test("oauth4webapi authenticates by what discovery says", async (t) => {
  const app = await testApp(t);
  const server = new URL(await app.fastify.listen({ port: 0, host: "127.0.0.1" }));
  const here = (url: string): string => `${server.origin}${new URL(url).pathname}`;
  const id = await withKeys(app, { jwks: { keys: [await publicKey("EdDSA"), await publicKey("PS256")] } });
  const { body } = await app.call("GET", "/.well-known/oauth-authorization-server");
  const as = { ...body, token_endpoint: here(String(body.token_endpoint)) } as unknown as oauth.AuthorizationServer;
  t.match(as.token_endpoint_auth_signing_alg_values_supported, KINDS);
  for (const alg of ["PS256", "EdDSA"] as const) {
    const { privateKey } = pair(alg);
    const response = await oauth.clientCredentialsGrantRequest(as, { client_id: id },
      oauth.PrivateKeyJwt(privateKey), new URLSearchParams(), { [oauth.allowInsecureRequests]: true });
    t.match(await oauth.processClientCredentialsResponse(as, { client_id: id }, response), { access_token: String });
  }
});

await t.test("it mints and logs users out too", async (t) => {
  const app = await testApp(t);
  const id = await withKeys(app, { jwks: { keys: [await publicKey("ES256")] } });
  const by = async () => ({ client_assertion_type: TYPE, client_assertion: await assertion(id) });
  t.match(await app.call("POST", "/mint", { payload: { sub: "alice", ...await by() } }), { status: 200 });
  t.match(await app.call("POST", "/revocations", { payload: { sub: "alice", ...await by() } }), { status: 200 });
});

await t.test("the audience is the issuer, the token endpoint or the endpoint that is called", async (t) => {
  const app = await testApp(t, { AUTHFLOW_ISSUER: "https://id.example.com" });
  const id = await withKeys(app, { jwks: { keys: [await publicKey("ES256")] } });
  const ask = async (aud: unknown, path = "/token") => (await send(app,
    { token: "x", client_assertion: await assertion(id, { claims: { aud } as JWTPayload }) }, path)).status;
  const [issuer, base] = ["https://id.example.com", "http://localhost:8080"];
  for (const aud of [issuer, `${base}/token`, [issuer], ["https://other.example", `${base}/token`]])
    t.equal(await ask(aud), 200, JSON.stringify(aud));
  t.equal(await ask(`${base}/introspect`, "/introspect"), 200);
  for (const aud of [`${base}/introspect`, base, "authflow-go", `${issuer}/`, [], [[issuer]], undefined])
    t.equal(await ask(aud), 401, JSON.stringify(aud));
});

await t.test("whatever is wrong gets one answer, and the log has the reason", async (t) => {
  const app = await testApp(t);
  const jwks = { keys: [await publicKey("ES256"), await publicKey("RS256", { alg: "RS256" })] };
  const id = await withKeys(app, { jwks });
  const other = await withKeys(app, { jwks: { keys: [await publicKey("EdDSA")] } });
  const { client_id: withSecret } = await app.register({ jwks });
  const { client_id: open } = await app.register({ token_endpoint_auth_method: "none" });
  const disabled = await withKeys(app, { jwks });
  await app.call("PATCH", `/clients/${disabled}`, { headers: OPERATOR, payload: { disabled: true } });
  const now = Math.floor(Date.now() / 1000);
  const unsigned = (header: object) => [header, { iss: id, sub: id, aud: ISSUER, jti: randomUUID(), exp: now + 60 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const secret = new TextEncoder().encode(JSON.stringify(jwks.keys[0]).padEnd(32, " "));
  const cases: [what: string, sent: string | Promise<string>, reason: RegExp][] = [
    ["an unknown client", assertion("019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e"), /sub is no client/],
    ["a sub that is no id", assertion("a\0b"), /sub is no client/],
    ["a client with a secret", assertion(withSecret), /sub is no client/],
    ["a public client", assertion(open), /sub is no client/],
    ["a disabled client with a wrong key", assertion(disabled, { key: (await generateKeyPair("ES256")).privateKey }),
      /signature is wrong/],
    ["another key", assertion(id, { key: (await generateKeyPair("ES256")).privateKey }), /signature is wrong/],
    ["another client's key", assertion(id, { alg: "EdDSA" }), /no key with its kid and alg/],
    ["another algorithm of the key", assertion(id, { alg: "PS256", key: pair("PS256").privateKey }), /no key with/],
    ["an unknown kid", assertion(id, { header: { kid: "x" } }), /no key with/],
    ["HS256 by a public key", assertion(id, { alg: "HS256", key: secret }), /alg is none of/],
    ["none", `${unsigned({ alg: "none" })}.`, /sub is no client/],
    ["none with a signature", `${unsigned({ alg: "none" })}.AAAA`, /alg is none of/],
    ["an embedded key", `${unsigned({ alg: "ES256", jwk: jwks.keys[0] })}.AAAA`, /signature|can't be used/],
    ["an unknown crit", `${unsigned({ alg: "ES256", crit: ["x"], x: 1 })}.AAAA`, /ERR_J/],
    ["another kind of JWT", assertion(id, { header: { typ: "dpop+jwt" } }), /typ is that of another kind/],
    ["iss of another client", assertion(id, { claims: { iss: other } }), /iss and sub must both/],
    ["no iss", assertion(id, { claims: { iss: undefined } }), /iss and sub must both/],
    ["sub of another client", assertion(id, { claims: { sub: other } }), /no key with/],
    ["another audience", assertion(id, { claims: { aud: "https://other.example" } }), /aud is none of/],
    ["no exp", assertion(id, { claims: { exp: undefined } }), /exp must be seconds/],
    ["exp as text", assertion(id, { claims: { exp: String(now + 60) as never } }), /exp must be seconds/],
    ["exp in the past", assertion(id, { claims: { exp: now - 61 } }), /exp is in the past/],
    ["exp more than an hour ahead", assertion(id, { claims: { exp: now + 3600 + 310 } }), /more than an hour/],
    ["nbf in the future", assertion(id, { claims: { nbf: now + 310 } }), /nbf or iat/],
    ["iat in the future", assertion(id, { claims: { iat: now + 310 } }), /nbf or iat/],
    ["no jti", assertion(id, { claims: { jti: undefined } }), /jti must be/],
    ["a long jti", assertion(id, { claims: { jti: "a".repeat(256) } }), /jti must be/],
    ["no JWT at all", "nonsense", /sub is no client/],
    ["a payload that is no object", `${Buffer.from("{}").toString("base64url")}.MQ.AAAA`, /sub is no client/],
  ];
  const essence = ({ status, headers: { date: _, ...headers }, text }: Answer) => ({ status, headers, text });
  let first: unknown;
  for (const [what, sent, reason] of cases) {
    const answer = essence(await send(app, { client_assertion: await sent }));
    first ??= answer;
    t.match(answer, { status: 401, text: /"invalid_client"/ }, what);
    t.strictSame(answer, first, `${what} gets the answer of an unknown client`);
    const line = JSON.parse(app.logs.filter((one) => one.includes("\"request\"")).at(-1) as string) as object;
    t.match(line, { error: "invalid_client", reason }, what);
  }
  t.match((await send(app, { client_assertion: await assertion(disabled) })).body, { error_description: /disabled/ });
  t.equal((await send(app, { client_assertion: await assertion(id) })).status, 200, "and the right one works");
  t.notMatch(app.logs.join(""), /eyJ[\w-]+\.eyJ/, "no assertion in the log");
});

await t.test("a client authenticates in its own way only, and in one", async (t) => {
  const app = await testApp(t);
  const id = await withKeys(app, { jwks: { keys: [await publicKey("ES256")] } });
  const other = await app.register();
  const refused: [what: string, form: Record<string, string>, headers: object, error: string][] = [
    ["an assertion and a secret", { client_assertion: await assertion(id), client_secret: "x" }, {}, "invalid_request"],
    ["an assertion and Basic", { client_assertion: await assertion(id) }, basic(other), "invalid_request"],
    ["an assertion of an unknown type", { client_assertion: await assertion(id), client_assertion_type: "saml" }, {},
      "invalid_request"],
    ["a type without an assertion", {}, {}, "invalid_request"],
    ["the client_id of another", { client_assertion: await assertion(id), client_id: other.client_id }, {},
      "invalid_request"],
    ["its client_id alone", { client_assertion_type: "", client_id: id }, {}, "invalid_client"],
    ["a secret", { client_assertion_type: "", client_id: id, client_secret: "x" }, {}, "invalid_client"],
  ];
  for (const [what, form, headers, error] of refused)
    t.match((await send(app, form, "/token", headers)).body, { error }, what);
});

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const one = await testApp(t, env, { clock });
  const two = await testApp(t, { ...env, DATABASE_URL: one.fastify.config.databaseUrl }, { clock });
  const id = await withKeys(one, { jwks: { keys: [await publicKey("ES256")] } });

  await t.test("of fifty that come with one assertion, at two replicas, one gets in", async (t) => {
    const sent = await assertion(id, { now: clock() });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) =>
      send(i % 2 === 0 ? one : two, { client_assertion: sent })));
    t.strictSame(answers.map(({ status }) => status).sort(), [200, ...Array<number>(49).fill(401)]);
    t.equal((await send(two, { client_assertion: sent })).status, 401, "nor later");
  });

  await t.test("what was used is forgotten only when it has expired", async (t) => {
    const sent = await assertion(id, { now: clock() });
    t.equal((await send(one, { client_assertion: sent })).status, 200);
    const now = clock();
    await one.fastify.clientAssertions.sweep(now);
    t.equal((await send(two, { client_assertion: sent })).status, 401);
    advance(130);
    t.ok(await one.fastify.clientAssertions.sweep(clock()) > 0);
    t.equal((await send(two, { client_assertion: sent })).status, 401, "it has expired");
  });
});

/** A server of a key set, which counts how often it is asked. */
async function keyServer(t: Test) {
  const served = { keys: [] as object[], asked: 0, status: 200 };
  const server = createServer((_request, response) => {
    served.asked++;
    response.writeHead(served.status, { "content-type": "application/json", location: "http://localhost/" });
    response.end(JSON.stringify({ keys: served.keys }));
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  t.teardown(() => new Promise((resolve) => { server.close(resolve); }));
  return { served, uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks` };
}

await t.test("keys at a jwks_uri are fetched once, and again for a new key, at most every 30 seconds", async (t) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, {}, { clock });
  const { served, uri } = await keyServer(t);
  served.keys = [await publicKey("ES256", { kid: "1" })];
  const id = await withKeys(app, { jwks_uri: uri });
  const ask = async (kid: string, alg: Kind = "ES256") =>
    (await send(app, { client_assertion: await assertion(id, { alg, header: { kid }, now: clock() }) })).status;
  t.strictSame(await Promise.all([ask("1"), ask("1"), ask("1")]), [200, 200, 200]);
  t.equal(served.asked, 1);
  served.keys.push(await publicKey("EdDSA", { kid: "2" }));
  t.equal(await ask("2", "EdDSA"), 200);
  t.equal(served.asked, 2);
  for (let i = 0; i < 5; i++) t.equal(await ask("3"), 401);
  t.equal(served.asked, 2, "invented key ids make no further calls");
  advance(31);
  t.equal(await ask("3"), 401);
  t.equal(served.asked, 3);
  advance(601);
  served.status = 500;
  t.equal(await ask("1"), 200, "while they can't be fetched, the last ones stay");
});

await t.test("a jwks_uri that fails is not asked again at once", async (t) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, {}, { clock });
  const { served, uri } = await keyServer(t);
  const id = await withKeys(app, { jwks_uri: uri });
  const ask = async () => (await send(app, { client_assertion: await assertion(id, { now: clock() }) })).status;
  for (const status of [500, 302]) {
    served.status = status;
    const before = served.asked;
    t.strictSame([await ask(), await ask()], [401, 401]);
    t.equal(served.asked, before + 1);
    advance(6);
  }
  served.status = 200;
  served.keys = [await publicKey("ES256")];
  t.equal(await ask(), 200);
});

await t.test("on a public URL, keys are not fetched from private addresses", async (t) => {
  const app = await testApp(t, {
    AUTHFLOW_PUBLIC_URL: "https://id.example.com", AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
    AUTHFLOW_REGISTRATION: "closed",
  });
  const id = await withKeys(app, { jwks_uri: "https://127.0.0.1:1/jwks" });
  const claims = { aud: "https://id.example.com" };
  t.match(await send(app, { client_assertion: await assertion(id, { claims }) }), { status: 401 });
  t.match(app.logs.join(""), /leads to an address that is not public/);
  const http = await app.call("POST", "/clients", { headers: OPERATOR, payload: {
    client_name: "a", redirect_uris: ["https://a.example/"], token_endpoint_auth_method: "private_key_jwt",
    jwks_uri: "http://127.0.0.1:1/jwks",
  } });
  t.match(http, { status: 400, body: { error: "invalid_client_metadata", error_description: /https URL/ } });
});

await t.test("failed assertions count as failed authentications", async (t) => {
  const app = await testApp(t, { AUTHFLOW_RATE_LIMIT_FAILURES: "3" });
  const id = await withKeys(app, { jwks: { keys: [await publicKey("ES256")] } });
  const wrong = async () =>
    (await send(app, { client_assertion: await assertion(id, { claims: { aud: "x" } }) })).status;
  t.strictSame([await wrong(), await wrong(), await wrong(), await wrong()], [401, 401, 401, 429]);
  t.equal((await send(app, { client_assertion: await assertion(id) })).status, 200, "who is right is let through");
});
