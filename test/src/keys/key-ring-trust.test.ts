import { generateKeyPairSync, randomBytes } from "node:crypto";
import t, { type Test } from "../../support/tap.js";
import { localSigners } from "../../../src/keys/signers/local.js";
import { KeyRing } from "../../../src/keys/key-ring.js";
import { scheduleOf } from "../../../src/keys/rotation.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { migratedSqlite } from "../../support/services.js";

const kek = randomBytes(32);
const clock = (): number => Date.now();
const schedule = scheduleOf(7_776_000, 3600, 86_400);
const key = (kid: string) => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { pem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(), kid, longestTtl: 1 };
};

async function emptyStore(t: Test) {
  const url = await migratedSqlite(t);
  const database = await openDatabase(url);
  t.teardown(() => database.close());
  return database.keys;
}

await t.test("an import that a later one retired does not come back, and is known to be retired", async (t) => {
  const store = await emptyStore(t);
  const [first, second] = [key("first"), key("second")];
  const opened = (imported: typeof first): Promise<KeyRing> =>
    KeyRing.open({ store, signers: localSigners([kek]), clock, schedule, imported });
  t.equal((await opened(first)).importedIsRetired, false);
  t.equal((await opened(second)).importedIsRetired, false);
  const again = await opened(first);
  t.equal(again.signer.kid, "second");
  t.equal(again.importedIsRetired, true);
});

await t.test("a public key that someone wrote into the database is never published or trusted", async (t) => {
  const store = await emptyStore(t);
  const { signer } = await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule });
  const { revision, keys } = await store.load();
  const publicJwk = JSON.stringify({ kty: "RSA", use: "sig", alg: "RS256", kid: signer.kid, n: "AQAB", e: "AQAB" });
  t.equal(await store.save(revision, keys.map((stored) => ({ ...stored, publicJwk }))), true);
  const ring = await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule });
  t.notMatch(ring.jwks.body, /"n":"AQAB"/);
});
