import { createHmac, sign } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { decode, manualClock, onEveryBackend, someClaims, testApp, type TestApp } from "../../support/app.js";
import { privateKeyOf } from "../../support/keys.js";
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
  const before = await start();
  await before.fastify.keys.rotate();
  const algorithms = async (app: TestApp) => (await jwks(app)).keys.map(({ alg }) => alg);
  t.strictSame(await algorithms(before), ["RS256", "RS256"]);
  advance(LEAD - 1);
  const after = await start({ AUTHFLOW_SIGNING_ALGORITHM: "ES256" });
  await until("the staged key is replaced", async () => (await algorithms(after)).at(-1) === "ES256", 5000);
  t.strictSame(await algorithms(after), ["RS256", "ES256"]);
  // A replica that still has the old setting leaves the new key alone.
  await before.fastify.keys.refresh();
  t.equal(before.fastify.keys.isDue(), false);
  t.strictSame([await before.fastify.keys.advance(), await before.fastify.keys.rotate()], [false, false]);
  advance(LEAD - 1);
  t.equal(decode(await after.mint(), 0).alg, "RS256", "the new key waits for its own lead");
  advance(1);
  await until("it signs", async () => decode(await after.mint(), 0).alg === "ES256", 5000);
});

await t.test("rotation by hand replaces a staged key of a former algorithm too", async (t) => {
  const { clock, advance } = manualClock();
  const database = await openDatabase(await migratedSqlite(t));
  t.teardown(() => database.close());
  const ring = (signingAlgorithm: "RS256" | "EdDSA") => KeyRing.open({
    store: database.keys, signers: localSigners([kek]), clock,
    schedule: scheduleOf(undefined, 3600, 3600, signingAlgorithm),
  });
  const states = ({ keys }: KeyRing) => keys.map(({ algorithm, state }) => `${algorithm} ${state}`);
  await (await ring("RS256")).rotate();
  advance(1);
  const changed = await ring("EdDSA");
  t.equal(await changed.rotate(), true);
  t.strictSame(states(changed), ["RS256 active", "EdDSA staged"]);
  t.equal(await changed.rotate(), false);
  advance(1);
  const back = await ring("RS256");
  t.equal(back.isDue(), true);
  t.equal(await back.advance(), true);
  t.strictSame(states(back), ["RS256 active", "RS256 staged"]);
});
