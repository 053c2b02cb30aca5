import { Redis } from "ioredis";
import t from "../../../support/tap.js";
import { FOREVER } from "../../../../src/revocation/entry.js";
import { BEGINNING } from "../../../../src/revocation/log.js";
import { RedisRevocationOutlet } from "../../../../src/stores/redis/revocation-outlet.js";
import { isReady, privateRedis } from "../../../support/private-redis.js";

/** With it, a replica of the version without a log takes what Redis lacks as not revoked. */
const MARKER = "authflow:installation:cutoffs:complete";
const entry = { scope: "jti" as const, value: "a", issuedBefore: FOREVER, expiresAt: Date.now() + 3_600_000 };

await t.test("replicas of the version without a log are not left with a Redis that they trust", async (t) => {
  const server = await privateRedis(t);
  if (server === undefined) return;
  const redis = new Redis(server.url);
  t.teardown(() => { redis.disconnect(); });
  await isReady(redis);
  const outlet = new RedisRevocationOutlet(redis, "installation");
  const other = "authflow:other:cutoffs:complete";
  await redis.set(other, "1");

  await redis.set(MARKER, "1");
  await outlet.put([entry]);
  t.equal(await redis.exists(MARKER), 0, "by a logout");
  await redis.set(MARKER, "1");
  await outlet.fill(async () => ({ entries: [entry], place: { ...BEGINNING, position: 1, tag: "00000001" } }));
  t.equal(await redis.exists(MARKER), 0, "by filling it");
  t.equal(await redis.exists(other), 1, "another installation keeps its own");
});
