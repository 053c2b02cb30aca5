import { Redis } from "ioredis";
import t, { type Test } from "../../../support/tap.js";
import { FOREVER } from "../../../../src/revocation/cutoff.js";
import type { Revocation } from "../../../../src/revocation/journal.js";
import { RedisRevocationCache } from "../../../../src/stores/redis/revocation-cache.js";
import { isReady, privateRedis } from "../../../support/private-redis.js";

const NOW = Date.now();
/** Longer than the tests may take: Redis ends what it holds by the real clock. */
const LIFE = 3_600_000;
const revocation = (jti: string): Revocation =>
  ({ jti, clientId: "c", subject: "s", revokedAt: NOW, expiresAt: NOW + LIFE });

/** When that is over: Redis gets the next whole second, in Unix time. */
const END = Math.ceil((NOW + LIFE) / 1000);

/** True: revoked. False: not. Undefined: it does not know. */
async function isRevoked(cache: RedisRevocationCache, jti: string): Promise<boolean | undefined> {
  const cached = await cache.lookup(jti, []);
  if (cached === undefined || cached.revoked) return cached && true;
  return cached.complete ? false : undefined;
}

/** A cache on a Redis of its own, filled with `revoked`. */
async function filledCache(t: Test) {
  const server = await privateRedis(t);
  if (server === undefined) return undefined;
  const redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  t.teardown(() => { redis.disconnect(); });
  const cache = new RedisRevocationCache(redis, "installation");
  await cache.fill(() => cache.put([revocation("revoked")], true));
  return { server, redis, cache };
}

await t.test("once filled it knows what is revoked, what is not, and for how long", async (t) => {
  const filled = await filledCache(t);
  if (filled === undefined) return;
  const { cache, redis } = filled;
  t.equal(await cache.isComplete(), true);
  t.equal(await isRevoked(cache, "revoked"), true);
  t.equal(await isRevoked(cache, "live"), false);
  t.equal(await redis.expiretime("revoked:revoked"), END);
});

await t.test("a flush leaves it without an answer, also one in the middle of a fill", async (t) => {
  const filled = await filledCache(t);
  if (filled === undefined) return;
  const { cache, server } = filled;
  await server.flush();
  t.equal(await isRevoked(cache, "revoked"), undefined);
  t.equal(await cache.isComplete(), false);
  t.equal(await cache.fill(() => server.flush()), false, "what was shown before the flush is gone");
  t.equal(await isRevoked(cache, "live"), undefined);
  t.equal(await cache.fill(async () => undefined), true);
  t.equal(await isRevoked(cache, "live"), false);
});

await t.test("a restart from a dump, which may lack the latest, is not trusted", async (t) => {
  const filled = await filledCache(t);
  if (filled === undefined) return;
  const { cache, server, redis } = filled;
  await server.cli("SAVE");
  await cache.put([revocation("later")], true);
  await server.kill();
  t.equal(await isRevoked(cache, "later"), undefined);
  await server.start();
  await isReady(redis);
  t.equal(await cache.isComplete(), false);
  t.equal(await isRevoked(cache, "later"), undefined, "its dump says complete, and lacks this one");
});

await t.test("a primary that was resynchronised from another is not trusted, nor ready as a replica", async (t) => {
  const [filled, other] = [await filledCache(t), await privateRedis(t)];
  if (filled === undefined || other === undefined) return;
  const { cache, server, redis } = filled;
  const { port } = new URL(server.url);
  for (const one of [server, other]) await one.cli("CONFIG", "SET", "repl-diskless-sync-delay", "0");
  await other.cli("REPLICAOF", "127.0.0.1", port);
  while (!String(await other.cli("INFO", "replication")).includes("master_link_status:up")) {
    /* until it has copied */
  }
  await other.cli("REPLICAOF", "NO", "ONE");
  await cache.put([revocation("lost")], true); // acknowledged by the old primary, unknown to the new one
  await server.cli("REPLICAOF", "127.0.0.1", new URL(other.url).port);
  while (await redis.exists("revoked:lost")) { /* until the new primary's data replaced its own */ }
  await t.rejects(cache.isComplete(), /READONLY|read-only replica/);
  t.not(await isRevoked(cache, "lost"), false);
  await server.cli("REPLICAOF", "NO", "ONE");
  t.equal(await cache.isComplete(), false);
  t.equal(await isRevoked(cache, "lost"), undefined);
});

await t.test("a full server is not called complete: it could not take a logout", async (t) => {
  const filled = await filledCache(t);
  if (filled === undefined) return;
  const { cache, server } = filled;
  await server.cli("CONFIG", "SET", "maxmemory", "1");
  await t.rejects(cache.isComplete(), /OOM/);
  await t.rejects(cache.put([revocation("next")], true), /OOM/);
  t.equal(await isRevoked(cache, "revoked"), true, "what it has it still returns");
});

await t.test("a cut-off stands under its name; of two the later instant and the longer life stay", async (t) => {
  const filled = await filledCache(t);
  if (filled === undefined) return;
  const { cache, redis } = filled;
  const cutoff = { scope: "kid", value: "k:1", issuedBefore: NOW, expiresAt: NOW + LIFE } as const;
  const names = [cutoff, { ...cutoff, value: "another" }];
  t.strictSame((await cache.lookup("live", names))?.issuedBefore, [null, null]);
  await cache.putCutoffs([{ ...cutoff, expiresAt: NOW - 1000 }], true);
  t.equal(await redis.exists("issued_before:kid:k:1"), 0, "what no token can need is not shown");
  await cache.putCutoffs([cutoff], true);
  await cache.putCutoffs([{ ...cutoff, issuedBefore: NOW + 5, expiresAt: NOW + LIFE / 2 }], true);
  await cache.putCutoffs([{ ...cutoff, issuedBefore: NOW + 4 }], true);
  t.match(await cache.lookup("live", names), { revoked: false, complete: true, issuedBefore: [NOW + 5, null] });
  t.equal(await redis.get("issued_before:kid:k:1"), String(NOW + 5));
  t.equal(await redis.expiretime("issued_before:kid:k:1"), END);
  await cache.putCutoffs([{ ...cutoff, issuedBefore: FOREVER, expiresAt: FOREVER }], true);
  t.strictSame((await cache.lookup("live", names))?.issuedBefore, [FOREVER, null]);
});
