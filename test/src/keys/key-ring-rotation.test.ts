import { generateKeyPairSync, randomBytes } from "node:crypto";
import t from "../../support/tap.js";
import { CLOCK_TOLERANCE } from "../../../src/shared/clock.js";
import { localSigners } from "../../../src/keys/signers/local.js";
import { KeyRing } from "../../../src/keys/key-ring.js";
import { scheduleOf } from "../../../src/keys/rotation.js";
import { type Database, openDatabase } from "../../../src/stores/prisma/database.js";
import { manualClock, onEveryBackend } from "../../support/app.js";
import { migratedSqlite } from "../../support/services.js";

const kek = randomBytes(32);
const [PERIOD, CACHE, TTL] = [7_776_000, 3600, 86_400];
const schedule = scheduleOf(PERIOD, CACHE, TTL);
const LEAD = schedule.lead / 1000;
const pem = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const published = (ring: KeyRing): string[] =>
  (JSON.parse(ring.jwks.body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);

await onEveryBackend(t, async (t, env) => {
  const url = env.DATABASE_URL as string;
  const open = async (): Promise<Database> => {
    const database = await openDatabase(url);
    t.teardown(() => database.close());
    return database;
  };
  const databases = [await open(), await open(), await open()];
  const { clock, advance } = manualClock();
  const replica = ({ keys: store }: Database, apart = 0): Promise<KeyRing> =>
    KeyRing.open({ store, signers: localSigners([kek]), clock: () => clock() + apart, schedule });
  const replicas = await Promise.all(databases.map((database, i) => replica(database, (i - 1) * CLOCK_TOLERANCE / 2)));
  const [one, two] = replicas as [KeyRing, KeyRing];
  const follow = async (): Promise<void> => {
    const { ringRevision } = await (databases[0] as Database).installation.load();
    for (const each of replicas) await each.follow(ringRevision, clock());
  };
  /** Every replica at once does what it thinks is due, as the background does. */
  const turn = async (): Promise<boolean[]> => {
    const turned = await Promise.all(replicas.map(async (each) => each.isDue() && each.advance()));
    await follow();
    return turned;
  };

  await t.test("of replicas whose clocks differ one turns the ring, and all publish and sign alike", async (t) => {
    const first = one.signer.kid;
    t.strictSame(await turn(), [false, false, false]);
    advance(PERIOD - LEAD + CLOCK_TOLERANCE / 1000);
    t.equal((await turn()).filter(Boolean).length, 1, "staged once");
    for (const each of replicas) {
      t.strictSame(published(each), published(one));
      t.equal(published(each).length, 2);
      t.equal(each.signer.kid, first);
    }
    advance(LEAD + CLOCK_TOLERANCE / 1000);
    t.equal((await turn()).filter(Boolean).length, 1, "activated once");
    const second = one.signer.kid;
    t.not(second, first);
    for (const each of replicas) {
      t.strictSame(published(each), [second, first], "what signs comes first");
      t.equal(each.signer.kid, second);
      t.ok(each.verificationKey(first));
    }
    advance(TTL + 3 * CLOCK_TOLERANCE / 1000);
    await turn();
    for (const each of replicas) t.strictSame(published(each), [second]);
  });

  await t.test("a replica that slept through a rotation reads the ring before it signs", async (t) => {
    await follow();
    const before = two.signer.kid;
    await one.rotate();
    advance(LEAD);
    t.equal(await one.advance(), true);
    t.equal(two.signer.kid, before, "it has not read of it");
    t.equal((await two.currentSigner(clock())).kid, one.signer.kid);
    t.not(one.signer.kid, before);
  });

  await t.test("it signs from memory for less than a second, and not when its clock went back", async (t) => {
    const now = clock();
    await two.follow(two.revision, now);
    t.equal(two.currentSigner(now), two.signer);
    t.equal(two.currentSigner(now + 999), two.signer);
    t.type(two.currentSigner(now + 1000), Promise);
    t.type(two.currentSigner(now - 1), Promise);
    await two.currentSigner(now - 1);
  });

  await t.test("asked again by hand, it stages one and no more, also at once", async (t) => {
    await follow();
    const turned = await Promise.all(replicas.map((each) => each.rotate()));
    t.equal(turned.filter(Boolean).length, 1);
    t.equal(await two.rotate(), false);
    t.equal(one.keys.filter(({ state }) => state === "staged").length, 1);
  });
});

await t.test("an import replaces what was staged, and does not come back once it left the ring", async (t) => {
  const url = await migratedSqlite(t);
  const { keys: store, close } = await openDatabase(url);
  t.teardown(close);
  const { clock, advance } = manualClock();
  const imported = { pem: pem(), kid: "imported", longestTtl: 60 };
  await (await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule })).rotate();
  advance(1); // keys of one instant come in the order of their kids
  const ring = await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule, imported });
  t.strictSame(ring.keys.map(({ state }) => state), ["retired", "active"]);
  for (const seconds of [PERIOD - LEAD, LEAD, TTL + CLOCK_TOLERANCE / 1000]) {
    advance(seconds);
    t.equal(await ring.advance(), true);
  }
  t.notOk(published(ring).includes("imported"));
  const again = await KeyRing.open({ store, signers: localSigners([kek]), clock, schedule, imported });
  t.equal(again.signer.kid, ring.signer.kid);
  t.equal(again.importedIsRetired, true);
});

await t.test("without the database a replica does not guess who signs", async (t) => {
  const url = await migratedSqlite(t);
  const database = await openDatabase(url);
  const ring = await KeyRing.open({ store: database.keys, signers: localSigners([kek]), clock: Date.now, schedule });
  const { revision, keys } = await database.keys.load();
  await database.keys.save(revision, keys.map((key) => ({ ...key, sealedPrivateKey: "v9" })));
  await t.rejects(Promise.resolve(ring.currentSigner(Date.now() + 5000)),
    { status: 503, message: "Which key signs can't be known right now: try again" });
  await database.close();
});
