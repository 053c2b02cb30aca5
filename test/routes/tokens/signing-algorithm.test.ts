import { createHmac, hash, sign } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import {
  type Answer, type Credentials, decode, manualClock, onEveryBackend, OPERATOR, REDIRECT_URI, someClaims, testApp,
  type TestApp,
} from "../../support/app.js";
import { authorizeFixture } from "../../support/authorize.js";
import { privateKeyOf } from "../../support/keys.js";
import { delivered } from "../../support/login.js";
import { refresh } from "../../support/refresh.js";
import { migratedSqlite } from "../../support/services.js";
import { KeyRing } from "../../../src/keys/key-ring.js";
import { scheduleOf } from "../../../src/keys/rotation.js";
import { localSigners } from "../../../src/keys/signers/local.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";

const LEAD = 300 + 3600 + 60;
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwks = async (app: TestApp): Promise<JSONWebKeySet> =>
  (await app.call("GET", "/.well-known/jwks.json")).body as unknown as JSONWebKeySet;
const kek = Buffer.alloc(32, 6);
const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: kek.toString("base64") };

for (const algorithm of ["ES256", "EdDSA"]) {
  await t.test(`${algorithm}: an installation signs and accepts it, and nothing else by that key`, async (t) => {
    const app = await testApp(t, { AUTHFLOW_SIGNING_ALGORITHM: algorithm });
    const token = await app.mint();
    const { kid } = decode(token, 0);
    t.equal(decode(token, 0).alg, algorithm);
    t.equal((await app.userinfo(token)).status, 200);
    await t.resolves(jwtVerify(token, createLocalJWKSet(await jwks(app)), { algorithms: [algorithm] }));
    const [, body, signature] = token.split(".") as [string, string, string];
    const pem =
      app.fastify.keys.verificationKey(kid as string)?.publicKey.export({ format: "pem", type: "spki" }) as string;
    const refused: [what: string, token: string][] = [];
    for (const alg of ["RS256", "ES256", "EdDSA", "ES384", "none", "HS256"].filter((other) => other !== algorithm)) {
      const head = encode({ alg, typ: "JWT", kid });
      refused.push([`our signature said to be ${alg}`, `${head}.${body}.${signature}`]);
      refused.push([`${alg} that is an HMAC of the public key`,
        `${head}.${body}.${createHmac("sha256", pem).update(`${head}.${body}`).digest("base64url")}`]);
    }
    if (algorithm === "ES256") {
      const input = `${encode({ alg: "ES256", typ: "JWT", kid })}.${encode(someClaims())}`;
      const der = sign("sha256", Buffer.from(input), await privateKeyOf(app));
      refused.push(["a signature in DER", `${input}.${der.toString("base64url")}`]);
    }
    const altered = encode({ ...decode(token), sub: "root" });
    refused.push(["another subject", `${token.split(".")[0]}.${altered}.${signature}`]);
    for (const [what, forged] of refused) {
      t.match(await app.userinfo(forged), { status: 401, body: { error: "invalid_token" } }, what);
    }
  });
}

for (const algorithm of ["ES256", "EdDSA"]) {
  await t.test(`${algorithm}: each client gets ID tokens by the algorithm that it registered for`, async (t) => {
    const fixture = await authorizeFixture(t, { AUTHFLOW_SIGNING_ALGORITHM: algorithm });
    const { app, authorize, redeem } = fixture;
    const metadata = (await app.call("GET", "/.well-known/openid-configuration")).body;
    t.strictSame(metadata.id_token_signing_alg_values_supported, [algorithm, "RS256"]);
    t.strictSame((await jwks(app)).keys.map(({ alg }) => alg), [algorithm, "RS256"], "all else is signed by keys[0]");
    const redirects = { redirect_uris: [REDIRECT_URI] };
    const clients: [metadata: object, alg: string][] = [
      [{ name: "own", ...redirects }, algorithm],
      [{ name: "own", ...redirects, id_token_signed_response_alg: "RS256" }, "RS256"],
      [{ client_name: "standard", ...redirects }, "RS256"], // OpenID Connect Registration §2
      [{ client_name: "standard", ...redirects, id_token_signed_response_alg: algorithm }, algorithm],
    ];
    for (const [payload, alg] of clients) {
      const { body } = await app.call("POST", "/clients", { headers: OPERATOR, payload });
      t.equal(body.id_token_signed_response_alg ?? algorithm, alg);
      const own = body as unknown as Credentials;
      const first = await redeem(await authorize("alice", {}, undefined, own), {}, own);
      const next = await refresh(app, own, first.body.refresh_token as string);
      for (const { body: { id_token, access_token } } of [first, next] as Answer[]) {
        t.equal(decode(access_token as string, 0).alg, algorithm);
        const { payload: claims } = await jwtVerify(id_token as string, createLocalJWKSet(await jwks(app)),
          { algorithms: [alg], audience: own.client_id });
        const half = hash(alg === "EdDSA" ? "sha512" : "sha256", access_token as string, "buffer");
        t.equal(claims.at_hash, half.subarray(0, half.length / 2).toString("base64url"));
        t.equal((await app.userinfo(id_token as string)).status, 401, "it is no access token by any key");
      }
      const hint = { id_token_hint: first.body.id_token as string, prompt: "none" };
      t.match(delivered(await authorize("alice", hint, undefined, own)), { error: "login_required" }, "it is known");
    }
    const unknown = { client_name: "a", ...redirects, id_token_signed_response_alg: "PS256" };
    t.match(await app.call("POST", "/clients", { headers: OPERATOR, payload: unknown }), { status: 400, body: {
      error: "invalid_client_metadata", error_description: new RegExp(`must be ${algorithm} or RS256, or absent`),
    } });
  });
}

await t.test("the key for ID tokens is revoked and replaced like every other, and the usual one stays", async (t) => {
  const app = await testApp(t, { AUTHFLOW_SIGNING_ALGORITHM: "ES256" });
  const [usual, extra] = (await jwks(app)).keys.map(({ kid }) => kid);
  t.equal((await app.call("POST", `/keys/${extra}/revoke`, { headers: OPERATOR })).status, 200);
  const after = (await jwks(app)).keys;
  t.strictSame(after.map(({ alg }) => alg), ["ES256", "RS256"]);
  t.equal(after[0]?.kid, usual);
  t.not(after[1]?.kid, extra);
  t.equal((await app.call("POST", `/keys/${usual}/revoke`, { headers: OPERATOR })).status, 200);
  t.strictSame((await jwks(app)).keys.map(({ alg, kid }) => [alg, kid === after[1]?.kid || kid === usual]),
    [["ES256", false], ["RS256", true]]);
});

await t.test("an installation of another algorithm alone gets the key for ID tokens at its next start", async (t) => {
  const env = { ...KEK, DATABASE_URL: await migratedSqlite(t), AUTHFLOW_SIGNING_ALGORITHM: "ES256" };
  const first = await testApp(t, env);
  const token = await first.mint();
  const { revision, keys } = await first.fastify.database.keys.load();
  await first.fastify.close();
  const database = await openDatabase(env.DATABASE_URL);
  await database.keys.save(revision, keys.filter(({ algorithm }) => algorithm === "ES256"));
  await database.close();
  const [one, two] = await Promise.all([testApp(t, env), testApp(t, env)]);
  t.strictSame((await jwks(one)).keys.map(({ alg }) => alg), ["ES256", "RS256"]);
  await two.fastify.keys.refresh();
  t.strictSame(await jwks(one), await jwks(two), "two that start at once make one");
  t.equal((await one.userinfo(token)).status, 200);
});

await onEveryBackend(t, async (t, env) => {
  await t.test("a move to another algorithm: staged at once, signing after the lead, both verify", async (t) => {
    const { clock, advance } = manualClock();
    const before = await testApp(t, { ...env, ...KEK }, { clock });
    const client = await before.register();
    const old = await before.mint({ expires_in: LEAD + 600 }, client);
    await before.fastify.close();
    const app = await testApp(t, { ...env, ...KEK, AUTHFLOW_SIGNING_ALGORITHM: "ES256" }, { clock });
    await until("the next key is staged", async () => (await jwks(app)).keys.length === 2, 5000);
    t.strictSame((await jwks(app)).keys.map(({ alg }) => alg), ["RS256", "ES256"]);
    t.equal(decode(await app.mint({}, client), 0).alg, "RS256");
    advance(LEAD);
    await until("it signs", async () => decode(await app.mint({}, client), 0).alg === "ES256", 5000);
    t.strictSame((await jwks(app)).keys.map(({ alg }) => alg), ["ES256", "RS256"]);
    t.equal((await app.userinfo(await app.mint({}, client))).status, 200);
    t.equal((await app.userinfo(old)).status, 200, "tokens of the former algorithm live on");
  });
});

await t.test("a key that was staged before the algorithm changed is replaced, and never signs", async (t) => {
  const { clock, advance } = manualClock();
  const env = { ...KEK, DATABASE_URL: await migratedSqlite(t) };
  const start = (changes: Record<string, string> = {}) => testApp(t, { ...env, ...changes }, { clock });
  const before = await start({ AUTHFLOW_SIGNING_ALGORITHM: "EdDSA" });
  await before.fastify.keys.rotate();
  const algorithms = async (app: TestApp) => (await jwks(app)).keys.map(({ alg }) => alg);
  // Those that were made at the same instant have no order.
  t.strictSame((await algorithms(before)).sort(), ["EdDSA", "EdDSA", "RS256", "RS256"]);
  advance(LEAD - 1);
  const after = await start({ AUTHFLOW_SIGNING_ALGORITHM: "ES256" });
  await until("the staged key is replaced", async () => (await algorithms(after)).at(-1) === "ES256", 5000);
  t.strictSame(await algorithms(after), ["EdDSA", "RS256", "RS256", "ES256"]);
  // A replica that still has the old setting leaves the new key alone.
  await before.fastify.keys.refresh();
  t.equal(before.fastify.keys.isDue(), false);
  t.strictSame([await before.fastify.keys.advance(), await before.fastify.keys.rotate()], [false, false]);
  advance(LEAD - 1);
  t.equal(decode(await after.mint(), 0).alg, "EdDSA", "the new key waits for its own lead");
  advance(1);
  await until("it signs", async () => decode(await after.mint(), 0).alg === "ES256", 5000);
});

await t.test("rotation by hand replaces a staged key of a former algorithm too", async (t) => {
  const { clock, advance } = manualClock();
  const database = await openDatabase(await migratedSqlite(t));
  t.teardown(() => database.close());
  const ring = (signingAlgorithm: "ES256" | "EdDSA") => KeyRing.open({
    store: database.keys, signers: localSigners([kek]), clock,
    schedule: scheduleOf(undefined, 3600, 3600, signingAlgorithm),
  });
  const states = ({ keys }: KeyRing) => keys.map(({ algorithm, state }) => `${algorithm} ${state}`).sort();
  await (await ring("ES256")).rotate();
  advance(1);
  const changed = await ring("EdDSA");
  t.equal(await changed.rotate(), true);
  t.strictSame(states(changed), ["ES256 active", "EdDSA staged", "RS256 active", "RS256 staged"]);
  t.equal(await changed.rotate(), false);
  advance(1);
  const back = await ring("ES256");
  t.equal(back.isDue(), true);
  t.equal(await back.advance(), true);
  t.strictSame(states(back), ["ES256 active", "RS256 active", "RS256 staged"]);
});
