import type { Redis } from "ioredis";
import t, { type Test } from "../../../support/tap.js";
import { connectRedis } from "../../../../src/stores/redis/connect.js";
import { type PrivateRedis, isReady, privateRedis } from "../../../support/private-redis.js";

const NO_TLS = { ca: undefined, cert: undefined, key: undefined };

/** A connection and a duplicate of it, closed with the test. */
function connections(t: Test, url: string): Redis[] {
  const redis = connectRedis({ url, tls: NO_TLS });
  const both = [redis, redis.duplicate()];
  t.teardown(() => { for (const one of both) one.disconnect(); });
  return both;
}

/** Unlike events.once() it does not reject on "error". */
const next = (redis: Redis, event: "ready" | "error" | "reconnecting" | "close"): Promise<unknown> =>
  new Promise((resolve) => { redis.once(event, resolve); });

const FAULTY: [what: string, error: RegExp, start: (t: Test) => Promise<PrivateRedis | undefined>, path?: string][] = [
  ["that lacks the database", /DB index is out of range/, (t) => privateRedis(t, { args: ["--databases", "2"] }), "/7"],
  ["that is a cluster", /Redis Cluster, which is not supported/, (t) =>
    privateRedis(t, { args: ["--cluster-enabled", "yes"] })],
  ["that is a read-only replica", /read-only replica/, async (t) => {
    const primary = await privateRedis(t);
    return primary && privateRedis(t, { args: ["--replicaof", "127.0.0.1", String(primary.port)] });
  }],
];
for (const [what, fault, start, path = ""] of FAULTY) {
  await t.test(`at a Redis ${what}, no connection is ever ready, and no command runs`, async (t) => {
    const server = await start(t);
    if (server === undefined) return;
    const both = connections(t, server.url + path);
    let ready = 0;
    const wrong = Promise.race(both.map((redis) => next(redis, "ready"))).then(() => {
      ready++;
      throw new Error("a connection became ready");
    });
    await Promise.all(both.map(async (redis) => {
      for (let attempt = 1; attempt <= 2; attempt++) {
        const over = next(redis, "reconnecting");
        t.match(await Promise.race([next(redis, "error"), wrong]), { message: fault }, `attempt ${attempt}`);
        await t.rejects(redis.set("a", "1"));
        await Promise.race([over, wrong]);
      }
    }));
    t.equal(ready, 0);
    if (path !== "") t.equal(await server.cli("DBSIZE"), 0);
  });
}

await t.test("a connection whose server falls silent is given up, and another attempt begins", async (t) => {
  const server = await privateRedis(t);
  if (server === undefined) return;
  const [redis] = connections(t, server.url) as [Redis];
  await isReady(redis);
  server.pause();
  const closed = next(redis, "close");
  await t.rejects(redis.ping(), { message: "Command timed out" });
  await closed;
  server.resume();
  await isReady(redis);
  t.equal(await redis.ping(), "PONG");
});
