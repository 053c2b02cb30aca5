import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SignJWT } from "jose";
import t, { type Test } from "../support/tap.js";
import { run, SERVER, startServer } from "../support/process.js";
import { postgres, sqlite } from "../support/services.js";
import { dump } from "./dump.js";
import { replica } from "./replica.js";
import { at, ISSUER } from "./support.js";

await t.test("a restart keeps the keys, the tokens, the clients and the revocations", async (t) => {
  const env = { DATABASE_URL: sqlite(t) };
  const first = await startServer(t, env);
  const before = at(first.url);
  const client = await before.register();
  const [live, revoked] = [await before.token(client), await before.token(client)];
  t.equal((await before.logout(revoked)).status, 200);
  const ring = await before.jwks();
  t.equal(await first.stop(), 0);
  t.equal(statSync(join(dirname(env.DATABASE_URL.slice("file:".length)), "key-encryption.key")).mode & 0o777, 0o600);

  const after = at((await startServer(t, env)).url);
  t.same(await after.jwks(), ring);
  await t.resolves(after.verify(live));
  t.equal((await after.userinfo(live)).status, 200);
  t.equal((await after.userinfo(revoked)).status, 401);
  t.equal((await after.mint(client)).status, 200);
});

const REFERENCE_KID = "auth-key-1";
const pem = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const inFile = (t: Test, text: string): string => {
  const path = join(t.testdir(), "signing-key.pem");
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
type Settings = (t: Test, key: string) => Record<string, string>;
const IMPORTS: [name: string, settings: Settings, kid?: string][] = [
  ["AUTHFLOW_SIGNING_KEY", (_t, key) => ({ AUTHFLOW_SIGNING_KEY: key })],
  ["AUTHFLOW_SIGNING_KEY in one line", (_t, key) => ({ AUTHFLOW_SIGNING_KEY: key.replaceAll("\n", "\\n") })],
  ["AUTHFLOW_SIGNING_KEY_FILE", (t, key) => ({ AUTHFLOW_SIGNING_KEY_FILE: inFile(t, key) })],
  ["JWT_PRIVATE_KEY_B64 and JWT_KEY_ID", (_t, key) => ({ JWT_PRIVATE_KEY_B64: base64(key) }), REFERENCE_KID],
  ["JWT_PRIVATE_KEY_PATH and JWT_KEY_ID", (t, key) => ({ JWT_PRIVATE_KEY_PATH: inFile(t, key) }), REFERENCE_KID],
];

await t.test("an imported key signs, and tokens from before its import verify", async (t) => {
  const DATABASE_URL = sqlite(t);
  const generated = await replica(t, { DATABASE_URL });
  const client = await generated.service.register();
  const tokens = [await generated.service.token(client)];
  await generated.stop();

  for (const [round, [name, settings, given]] of IMPORTS.entries()) {
    await t.test(name, async (t) => {
      const key = pem();
      const kid = given && `${given}-${round}`;
      const env = { DATABASE_URL, ...settings(t, key), ...(kid && { JWT_KEY_ID: kid }) };
      const { service, stop } = await replica(t, env);
      const minted = await service.token(client);
      const { protectedHeader } = await service.verify(minted);
      const [active] = await service.jwks();
      t.equal(protectedHeader.kid, active?.kid, "the imported key signs and comes first");
      if (kid !== undefined) t.equal(active?.kid, kid);
      tokens.push(minted, await elsewhere(key, active?.kid as string));
      for (const token of tokens) await t.resolves(service.verify(token));
      t.equal((await service.userinfo(tokens[0] as string)).status, 200);
      await stop();
    });
  }

  const { service } = await replica(t, { DATABASE_URL });
  for (const token of tokens) await t.resolves(service.verify(token), "the keys stay when the settings are gone");
});

for (const [name, database] of [["SQLite", sqlite], ["PostgreSQL", postgres]] as const) {
  await t.test(`on ${name}, a wrong AUTHFLOW_KEY_ENCRYPTION_KEY stops the start and changes nothing`, async (t) => {
    const DATABASE_URL = await database(t);
    if (DATABASE_URL === undefined) return;
    const right = { DATABASE_URL, AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString("base64") };
    const first = await replica(t, right);
    const token = await first.service.token(await first.service.register());
    t.equal((await first.service.logout(token)).status, 200);
    await first.stop();
    const before = await dump(DATABASE_URL);

    const wrong = { ...right, AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 2).toString("base64") };
    const starts = [wrong, { ...wrong, AUTHFLOW_SIGNING_KEY: pem() }].map((env) => run(SERVER, [], env));
    for (const { code, stderr } of await Promise.all(starts)) {
      t.equal(code, 1);
      t.match(stderr, /^Authflow could not start: AUTHFLOW_KEY_ENCRYPTION_KEY is not the key under which \S/);
      t.notMatch(stderr, /\n +at /, "no stack trace");
      t.same(await dump(DATABASE_URL), before);
    }
    const again = await replica(t, right);
    t.equal((await again.service.userinfo(token)).status, 401, "the right key still opens it");
  });
}

/** A token that another service issued under `key`, before Authflow took the key over. */
function elsewhere(key: string, kid: string): Promise<string> {
  return new SignJWT({ email: "alice@example.com", provider: "local" })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid })
    .setIssuer(ISSUER).setSubject("alice").setJti("a-former-token").setIssuedAt().setExpirationTime("1h")
    .sign(createPrivateKey(key));
}
