import t, { type Test } from "../support/tap.js";
import { type PrivateRedis, privateRedis } from "../support/private-redis.js";
import { cli } from "../support/cli.js";
import { run, SERVER } from "../support/process.js";
import { migratedSqlite } from "../support/services.js";
import { type Replica, replica } from "./replica.js";
import { jtiOf, until } from "./support.js";

/** Lines of the log with `text`, at a level of at least error, or exactly warn. */
const logged = ({ logs }: Replica, level: "error" | "warn" | "info", text: string): string[] =>
  logs.filter((line) => line.includes(`"level":${{ error: 50, warn: 40, info: 30 }[level]}`) && line.includes(text));

const doctor = async (t: Test, REDIS_URL: string) =>
  cli(["doctor"], { AUTHFLOW_PUBLIC_URL: "http://localhost:1", DATABASE_URL: await migratedSqlite(t), REDIS_URL });

/** Redis counts as down: logouts are answered 503, and nothing is written. */
async function isUnused(t: Test, one: Replica, redis: PrivateRedis): Promise<void> {
  t.match(await one.service.ready(), { status: 200, body: { status: "up", parts: { redis: "down" } } });
  const token = await one.service.token(await one.service.register());
  t.equal((await one.service.logout(token)).status, 503);
  t.notMatch(await redis.cli("INFO", "keyspace"), /db\d+:keys/, "no database of it has a key");
}

await t.test("a database that Redis does not have is never replaced by database 0", async (t) => {
  const redis = await privateRedis(t, { args: ["--databases", "2"] });
  if (redis === undefined) return;
  const REDIS_URL = `${redis.url}/7`;
  const one = await replica(t, { REDIS_URL }, { waitFor: "/health/live" });
  await isUnused(t, one, redis);
  t.equal(logged(one, "error", "database in REDIS_URL can't be selected (ERR DB index is out of range)").length, 1,
    "the log says so once, however often it tries");
  t.match(await doctor(t, REDIS_URL),
    { code: 1, stdout: / FAIL {2}the database in REDIS_URL can't be selected \(ERR DB index is out of range\)/ });
  await redis.stop();
  await redis.start("--databases", "8");
  await until("it is ready", () => one.service.allUp());
  const token = await one.service.token(await one.service.register());
  t.equal((await one.service.logout(token)).status, 200);
  t.match(await redis.cli("INFO", "keyspace"), /db7:keys/);
  t.notMatch(await redis.cli("INFO", "keyspace"), /db0:keys/);
});

await t.test("a Redis Cluster stops the start by its name, and is treated as down if it appears later", async (t) => {
  const redis = await privateRedis(t, { args: ["--cluster-enabled", "yes"] });
  if (redis === undefined) return;
  const DATABASE_URL = await migratedSqlite(t);
  const { code, stderr } = await run(SERVER, [], { DATABASE_URL, REDIS_URL: redis.url });
  t.equal(code, 1);
  t.match(stderr, /^Authflow can't start .*\n {2}- REDIS_URL leads to a Redis Cluster, which is not supported/);
  t.match(await doctor(t, redis.url), { code: 1, stdout: / FAIL {2}REDIS_URL leads to a Redis Cluster/ });
  await redis.stop();
  const one = await replica(t, { REDIS_URL: redis.url }, { waitFor: "/health/live" });
  await redis.start("--cluster-enabled", "yes");
  await until("the log names it", () => logged(one, "error", "leads to a Redis Cluster").length > 0);
  await isUnused(t, one, redis);
});

await t.test("a read-only replica is treated as down, until it is the primary", async (t) => {
  const [primary, standby] = [await privateRedis(t), await privateRedis(t)];
  if (primary === undefined || standby === undefined) return;
  const REDIS_URL = standby.url;
  const follow = (): Promise<unknown> => standby.cli("REPLICAOF", "127.0.0.1", String(primary.port));
  await follow();
  const one = await replica(t, { REDIS_URL }, { waitFor: "/health/live", timing: { redisInspection: 50 } });
  await isUnused(t, one, standby);
  t.equal(logged(one, "error", "leads to a read-only replica").length, 1);
  t.match(await doctor(t, REDIS_URL), { code: 1, stdout: / FAIL {2}REDIS_URL leads to a read-only replica/ });

  await standby.cli("REPLICAOF", "NO", "ONE");
  await until("it is ready", () => one.service.allUp());
  t.equal(logged(one, "info", "Redis can be reached again").length, 1);

  await follow();
  await until("an idle client notices", async () => !await one.service.allUp());
  await until("the log names it again", () => logged(one, "error", "leads to a read-only replica").length > 1);
});

await t.test("a logout that finds the primary demoted connects anew at once", async (t) => {
  const [primary, standby] = [await privateRedis(t), await privateRedis(t)];
  if (primary === undefined || standby === undefined) return;
  const one = await replica(t, { REDIS_URL: primary.url });
  const token = await one.service.token(await one.service.register());
  await primary.cli("REPLICAOF", "127.0.0.1", String(standby.port));
  t.equal((await one.service.logout(token)).status, 503);
  await until("the log names it", () => logged(one, "error", "leads to a read-only replica").length > 0);
});

await t.test("eviction and missing persistence are in the log at the start, and as they change", async (t) => {
  const redis = await privateRedis(t, { args: ["--maxmemory-policy", "volatile-ttl"] });
  if (redis === undefined) return;
  const one = await replica(t, { REDIS_URL: redis.url }, { timing: { redisInspection: 50 } });
  const [evicts, loses] = ["Redis may evict revocations (maxmemory-policy volatile-ttl)", "Redis does not persist"];
  await until("readiness names it", async () => {
    const { status, body } = await one.service.ready();
    t.equal(status, 200, "Authflow's own answers are right");
    return (body.parts as { redis: string }).redis === "evicting";
  });
  const token = await one.service.token(await one.service.register());
  t.equal((await one.service.logout(token)).status, 200);
  t.equal(await redis.cli("EXISTS", `revoked:${jtiOf(token)}`), 1);

  await redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
  await redis.cli("CONFIG", "SET", "appendonly", "yes");
  await until("both are solved", () => logged(one, "info", `solved: ${loses}`).length === 1);
  t.match(await one.service.ready(), { status: 200, body: { status: "up", parts: { redis: "up" } } });
  t.equal(logged(one, "info", `solved: ${evicts}`).length, 1);
  t.same([logged(one, "error", evicts).length, logged(one, "warn", loses).length], [1, 1], "each is logged once");

  await redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  await until("it is in the log", () => logged(one, "error", "(maxmemory-policy allkeys-lru)").length === 1);
});
