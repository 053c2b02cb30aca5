import { Redis } from "ioredis";
import t from "../../support/tap.js";
import { CacheSynchroniser } from "../../../src/revocation/cache-synchroniser.js";
import type { Cutoff } from "../../../src/revocation/cutoff.js";
import { RevocationState } from "../../../src/revocation/revocation-state.js";
import { Revocations } from "../../../src/revocation/revocations.js";
import { TIMING } from "../../../src/shared/timing.js";
import { migrate, openDatabase } from "../../../src/stores/prisma/database.js";
import { RedisRevocationCache } from "../../../src/stores/redis/revocation-cache.js";
import { RedisRevocationFeed } from "../../../src/stores/redis/revocation-feed.js";
import { aRevocation, NOW, nextId } from "../../contracts/samples.js";
import { privateRedis } from "../../support/private-redis.js";
import { sqlite } from "../../support/services.js";

await t.test("what a replica recorded is announced once; another steps in where it does not", async (t) => {
  const [url, server] = [sqlite(t), await privateRedis(t)];
  if (server === undefined) return;
  await migrate(url);
  const { revocations: journal, cutoffs, transaction, close } = await openDatabase(url);
  const redis = new Redis(server.url);
  const cache = new RedisRevocationCache(redis, "installation");
  const feed = new RedisRevocationFeed(redis, "installation", cache);
  t.teardown(async () => { feed.close(); redis.disconnect(); await close(); });
  const clock = () => NOW;
  const replica = () => {
    const synchroniser = new CacheSynchroniser({ journal, cutoffs, cache, clock });
    const revocations = new Revocations({
      transaction, revocations: journal, cutoffs, state: new RevocationState({ journal, cutoffs, cache }), synchroniser,
      clock, timing: TIMING, longestTtl: () => 60, loginProviders: [], statusOf: () => undefined,
      recorded: () => undefined,
    });
    return {
      revokeIssued: (token: Parameters<Revocations["revokeIssued"]>[0]) => revocations.revokeIssued(token),
      revokeClient: (id: string) => revocations.revokeClient(id),
      synchronise: () => synchroniser.synchronise(),
    };
  };
  const [one, other] = [replica(), replica()];
  await one.synchronise();
  const start = await feed.head();
  const announced = async () => (await feed.after(start, 100) ?? []).map(({ name }) => name);

  await t.test("a logout that reached Redis is not repeated by those who meet it meanwhile", async (t) => {
    await one.revokeIssued(aRevocation());
    for (let i = 0; i < 2; i++) await other.synchronise();
    t.strictSame(await announced(), ["revoked"]);
    await one.synchronise();
    for (let i = 0; i < 5; i++) await other.synchronise();
    t.strictSame(await announced(), ["revoked"]);
  });

  await t.test("one that its replica could not announce, and never will, is announced by another, once", async (t) => {
    const cutoff: Cutoff = { scope: "sub", value: nextId(), issuedBefore: NOW, expiresAt: NOW + 60_000 };
    await journal.record(aRevocation(), false);
    await cutoffs.record(cutoff, false);
    for (let i = 0; i < 2; i++) await other.synchronise();
    t.strictSame(await announced(), ["revoked"], "its own may be about to");
    for (let i = 0; i < 3; i++) await other.synchronise();
    t.strictSame(await announced(), ["revoked", "issued_before", "revoked"]);
    for (let i = 0; i < 5; i++) await one.synchronise();
    t.strictSame(await announced(), ["revoked", "issued_before", "revoked"]);
  });

  await t.test("a cut-off that changes while it waits is announced as it is then", async (t) => {
    const cutoff: Cutoff = { scope: "sub", value: nextId(), issuedBefore: NOW, expiresAt: NOW + 60_000 };
    await cutoffs.record(cutoff, false);
    await other.synchronise();
    await cutoffs.record({ ...cutoff, issuedBefore: NOW + 5 }, false);
    for (let i = 0; i < 2; i++) await other.synchronise();
    t.equal((await announced()).length, 3, "who changed it may be about to");
    for (let i = 0; i < 5; i++) await other.synchronise();
    const last = (await feed.after(start, 100))?.at(-1);
    t.match(JSON.parse(last?.data ?? ""), { sub: cutoff.value, issued_before: NOW + 5 });
    t.equal((await announced()).length, 4);
  });
});
