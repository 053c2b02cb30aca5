// A replica remembers tokens whose signature it has verified. All else about them is checked each time.
import { generateKeyPairSync } from "node:crypto";
import t from "../support/tap.js";
import { localKeyEncryptionKey } from "../../src/keys/key-encryption-key.js";
import { seal } from "../../src/keys/sealing.js";
import type { StoredKey } from "../../src/keys/store.js";
import { basic, manualClock, OPERATOR, someClaims, testApp, type TestApp } from "../support/app.js";

const status = async (app: TestApp, token: string): Promise<number> => (await app.userinfo(token)).status;

async function accepted(app: TestApp, token: string): Promise<string> {
  t.strictSame([await status(app, token), await status(app, token)], [200, 200], "accepted, and again from memory");
  return token;
}

await t.test("no other text is taken for a token that was accepted", async (t) => {
  const app = await testApp(t);
  const token = await accepted(app, await app.mint());
  const [header, payload, signature] = token.split(".") as [string, string, string];
  const [, , another] = (await app.mint()).split(".") as [string, string, string];
  const flipped = (i: number): string =>
    `${signature.slice(0, i)}${signature[i] === "A" ? "B" : "A"}${signature.slice(i + 1)}`;
  const others = [
    ...Array.from(signature, (_, i) => `${header}.${payload}.${flipped(i)}`),
    `${header}.${payload}.`, `${header}.${payload}.${another}`, `${header}.${payload}.${signature}=`,
    `${header}.${payload}.${signature}.`, `${token}A`, token.slice(0, -1), token.toLowerCase(),
  ];
  const answers = await Promise.all(others.map((other) => status(app, other)));
  t.strictSame(new Set(answers), new Set([401]));
  t.equal(await status(app, token), 200);
});

await t.test("it is refused once it has expired", async (t) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, { AUTHFLOW_TOKEN_TTL: "60s" }, { clock, systemClock: clock });
  const token = await accepted(app, await app.mint());
  advance(59);
  t.equal(await status(app, token), 200);
  advance(1);
  t.equal(await status(app, token), 401);
});

await t.test("it is refused once it was revoked", async (t) => {
  const app = await testApp(t);
  const token = await accepted(app, await app.mint());
  t.equal((await app.logout(token)).status, 200);
  t.equal(await status(app, token), 401);
  t.equal((await app.logout(token)).status, 401);
});

await t.test("it is refused once its key was revoked", async (t) => {
  const app = await testApp(t);
  const token = await accepted(app, await app.mint());
  const { kid } = app.fastify.keys.signer;
  t.equal((await app.call("POST", `/keys/${kid}/revoke`, { headers: OPERATOR })).status, 200);
  t.equal(await status(app, token), 401);
  await accepted(app, await app.mint());
});

await t.test("it is refused once its kid is that of another key", async (t) => {
  const app = await testApp(t);
  const token = await accepted(app, await app.mint());
  const { database, keys, config } = app.fastify;
  const { revision, keys: [known] } = await database.keys.load() as { revision: number; keys: [StoredKey] };
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { kid } = known;
  const publicJwk = { ...JSON.parse(known.publicJwk) as object, ...publicKey.export({ format: "jwk" }) };
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  const other = { ...known, publicJwk: JSON.stringify(publicJwk),
    sealedPrivateKey: seal(localKeyEncryptionKey(config.dataDir), kid, der) };
  t.ok(await database.keys.save(revision, [other]));
  await keys.lookUp(kid);
  t.equal(await status(app, token), 401);
  await accepted(app, await app.mint());
});

await t.test("what is no access token is refused again", async (t) => {
  const app = await testApp(t);
  const token = await app.sign(someClaims(), "statuslist+jwt");
  t.strictSame([await status(app, token), await status(app, token)], [401, 401]);
});

await t.test("an answer does not change the next one", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const token = await app.mint({ claims: { roles: ["a", { b: ["c"] }] } }, client);
  const introspect = async () => (await app.call("POST", "/introspect", {
    headers: { ...basic(client), "content-type": "application/x-www-form-urlencoded" }, payload: `token=${token}`,
  })).body;
  const first = await introspect();
  t.match(first, { active: true, roles: ["a", { b: ["c"] }] });
  t.strictSame(await introspect(), first);
});

await t.test("tokens of any length are verified, also those too long to be remembered", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  for (const length of [10, 1000, 3000, 5000])
    await accepted(app, await app.mint({ claims: { x: "x".repeat(length) } }, client));
});
