import { createHmac, sign } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { decode, manualClock, onEveryBackend, someClaims, testApp, type TestApp } from "../../support/app.js";
import { privateKeyOf } from "../../support/keys.js";

const LEAD = 300 + 3600 + 60;
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwks = async (app: TestApp): Promise<JSONWebKeySet> =>
  (await app.call("GET", "/.well-known/jwks.json")).body as unknown as JSONWebKeySet;
const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 6).toString("base64") };

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
