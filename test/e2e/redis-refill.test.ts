import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import t from "../support/tap.js";
import { FOREVER } from "../../src/revocation/entry.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { privateRedis } from "../support/private-redis.js";
import { postgres } from "../support/services.js";
import { replica } from "./replica.js";
import { jtiOf, type Service, statuses, tokens, until } from "./support.js";

/** Rows enough to make the refill take many rounds, so that there is time to read while it runs. */
const CROWD = 20_000;

/** Asks `services` about `revoked` and `live` tokens until `stop` is called; returns what came. */
function watch(services: Service[], revoked: string[], live: string[]) {
  let running = true;
  const seen = { revoked: [] as number[], live: [] as number[] };
  const loops = services.map(async (service) => {
    const read = async (some: string[]) => (await Promise.all(some.map(service.userinfo))).map(({ status }) => status);
    while (running) {
      seen.revoked.push(...await read(revoked));
      seen.live.push(...await read(live));
      await sleep(5); // the replicas share this process: they need time to work
    }
  });
  return async () => {
    running = false;
    await Promise.all(loops);
    return seen;
  };
}

await t.test("FLUSHALL brings no revoked token back to life on any replica, and Redis is filled again", async (t) => {
  const [DATABASE_URL, redis] = [await postgres(t), await privateRedis(t)];
  if (DATABASE_URL === undefined || redis === undefined) return;
  const AUTHFLOW_KEY_ENCRYPTION_KEY = Buffer.alloc(32, 3).toString("base64");
  const env = { DATABASE_URL, REDIS_URL: redis.url, AUTHFLOW_KEY_ENCRYPTION_KEY };
  const [{ service }, { service: other }] = [await replica(t, env), await replica(t, env)];
  const services = [service, other];
  const client = await service.register();
  const [live, revoked] = [await tokens(service, client, 5), await tokens(service, client, 25)];
  t.same(statuses(await Promise.all(revoked.map(service.logout))), [200]);
  await crowd(DATABASE_URL);
  const reader = new Redis(redis.url);
  t.teardown(() => { reader.disconnect(); });

  const stop = watch(services, revoked, live);
  for (const again of [false, true]) {
    await redis.flush();
    if (again) {
      await until("the refill is under way", async () => await reader.dbsize() > 1000);
      await redis.flush();
    }
    await until("all is there again", async () => await reader.dbsize() >= CROWD + revoked.length);
    const areUp = async (): Promise<boolean[]> => Promise.all(services.map(({ allUp }) => allUp()));
    await until("both are up", async () => !(await areUp()).includes(false));
  }
  const seen = await stop();
  t.same([...new Set(seen.revoked)], [401], `none of ${seen.revoked.length} reads found a revoked token alive`);
  t.same([...new Set(seen.live)], [200], `each of ${seen.live.length} reads found the live ones alive`);
  t.equal(await reader.exists(...revoked.map((token) => `revoked:${jtiOf(token)}`)), revoked.length);
  t.ok(await reader.ttl("revoked:00000000-1") > 3000, "with the rest of their lifetime");
});

await t.test("a Redis that was restored from an old snapshot is not believed, and is brought up to date", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const { service } = await replica(t, { REDIS_URL: redis.url });
  const client = await service.register();
  const [live, early] = [await tokens(service, client, 3), await tokens(service, client, 3)];
  const late = await tokens(service, client, 20);
  t.same(statuses(await Promise.all(early.map(service.logout))), [200]);
  await redis.cli("SAVE");
  t.same(statuses(await Promise.all(late.map(service.logout))), [200]);

  const stop = watch([service], [...late, ...early], live);
  await redis.kill();
  await redis.start();
  const restored = new Redis(redis.url);
  t.teardown(() => { restored.disconnect(); });
  t.equal(await restored.exists(`revoked:${jtiOf(early[0] as string)}`), 1, "the snapshot was loaded");
  t.equal((await restored.keys("authflow:*:place")).length, 1, "with the place that it had then");
  await until("it is ready", () => service.allUp());
  const shown = await restored.exists(...late.map((token) => `revoked:${jtiOf(token)}`));
  t.equal(shown, late.length, "what the snapshot lacked is there before it is ready");
  const seen = await stop();
  t.same([...new Set(seen.revoked)], [401], `none of ${seen.revoked.length} reads found a revoked token alive`);
  t.same([...new Set(seen.live)], [200]);
});

/** Revocations of other tokens, appended by another process. */
async function crowd(url: string): Promise<void> {
  const { revocations, close } = await openDatabase(url);
  const expiresAt = Date.now() + 3_600_000;
  await revocations.append(Array.from({ length: CROWD }, (_, i) =>
    ({ scope: "jti", value: `00000000-${i + 1}`, issuedBefore: FOREVER, expiresAt })));
  await close();
}
