import { generateKeyPairSync, randomBytes } from "node:crypto";
import t from "../../support/tap.js";
import { localSigners } from "../../../src/keys/signers/local.js";
import { KeyRing } from "../../../src/keys/key-ring.js";
import { scheduleOf } from "../../../src/keys/rotation.js";
import type { StoredKey } from "../../../src/keys/store.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { bearer, decode, onEveryBackend, testApp } from "../../support/app.js";
import { migratedSqlite } from "../../support/services.js";

const kek = randomBytes(32);
const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: kek.toString("base64") };
const newPem = (): string => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem",
  type: "pkcs8" }).toString();
let now = 1_700_000_000_000;
const clock = (): number => ++now;
const schedule = scheduleOf(7_776_000, 3600, 86_400);

async function emptyStore(env: { DATABASE_URL?: string }) {
  const url = env.DATABASE_URL ?? await migratedSqlite(t);
  const database = await openDatabase(url);
  return { url, database, store: database.keys };
}

await onEveryBackend(t, async (t, env) => {
  const { database, store } = await emptyStore(env);
  t.teardown(() => database.close());

  await t.test("of many that open a new installation at once one makes the key, and all use it", async (t) => {
    const rings = await Promise.all(Array.from({ length: 5 },
      () => KeyRing.open({ store, signers: localSigners([kek]), clock, schedule })));
    t.equal(new Set(rings.map(({ signer }) => signer.kid)).size, 1);
    t.strictSame(rings[0]?.keys.map(({ state }) => state), ["active"]);
    t.equal((await store.load()).keys.length, 1);
  });

  await t.test("an imported key becomes the active one; the old one goes on verifying", async (t) => {
    const before = await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule });
    const imported = { pem: newPem(), kid: "reference-main", longestTtl: 86_400 };
    const after = await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule, imported });
    t.equal(after.signer.kid, "reference-main");
    t.strictSame((JSON.parse(after.jwks.body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid),
      ["reference-main", before.signer.kid]);
    t.ok(after.verificationKey(before.signer.kid));
    t.not(after.jwks.etag, before.jwks.etag);
    const { revision } = after;
    const again = await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule, imported });
    t.equal(again.revision, revision, "a restart changes nothing");
    t.equal((await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule })).signer.kid, "reference-main",
      "nor does a start without the setting");
    await before.refresh();
    t.equal(before.signer.kid, "reference-main", "another replica follows");
  });

  await t.test("a kid that another key bears is refused, with the remedy", async (t) => {
    const imported = { pem: newPem(), kid: "reference-main", longestTtl: 1 };
    await t.rejects(KeyRing.open({ store, signers: localSigners([kek]), clock, schedule, imported }),
      { message: /set JWT_KEY_ID to a new one/ });
  });

  await t.test("under a wrong key encryption key nothing starts and nothing is written", async (t) => {
    const before = await store.load();
    const wrong = randomBytes(32);
    await t.rejects(KeyRing.open({ store, signers: localSigners([wrong]), clock, schedule }),
      { message: /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key/ });
    const imported = { pem: newPem(), kid: undefined, longestTtl: 1 };
    await t.rejects(KeyRing.open({ store, signers: localSigners([wrong]), clock, schedule, imported }),
      { message: /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key/ });
    t.strictSame(await store.load(), before);
  });

  await t.test("swapped or altered private keys are noticed", async (t) => {
    const { revision, keys } = await store.load();
    const [one, two] = keys as [StoredKey, StoredKey];
    await store.save(revision, [{ ...one, sealedPrivateKey: two.sealedPrivateKey },
      { ...two, sealedPrivateKey: one.sealedPrivateKey }]);
    await t.rejects(KeyRing.open({ store, signers: localSigners([kek]), clock, schedule }),
      { message: /was altered in the database/ });
    const altered = two.sealedPrivateKey.replace(/.{6}$/, (end) => [...end].reverse().join(""));
    await store.save(revision + 1, [one, { ...two, sealedPrivateKey: altered }]);
    await t.rejects(KeyRing.open({ store, signers: localSigners([kek]), clock, schedule }),
      { message: /was altered in the database/ });
    await store.save(revision + 2, [{ ...one, state: "retired" }, { ...two, state: "retired" }]);
    await t.rejects(KeyRing.open({ store, signers: localSigners([kek]), clock, schedule }),
      { message: /no active key/ });
    await store.save(revision + 3, keys);
    t.ok(await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule }));
  });
});

const B64 = (pem: string): string => Buffer.from(pem).toString("base64");
await t.test("a move from the reference service keeps its tokens valid and its kid", async (t) => {
  const pem = newPem();
  const old = await testApp(t, { ...KEK, JWT_PRIVATE_KEY_B64: B64(pem), JWT_KEY_ID: "main-2024" });
  const issued = await old.mint();
  t.equal(decode(issued, 0).kid, "main-2024");
  const moved = await testApp(t, { ...KEK, AUTHFLOW_SIGNING_KEY: pem, JWT_KEY_ID: "main-2024" });
  t.equal((await moved.call("GET", "/userinfo", { headers: bearer(issued) })).status, 200);
});
