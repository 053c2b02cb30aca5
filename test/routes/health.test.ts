import { existsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { rowsOf } from "../support/sql.js";
import t from "../support/tap.js";
import { onEveryBackend, testApp, withoutDatabase } from "../support/app.js";
import { privateRedis } from "../support/private-redis.js";
import { ownedPostgres } from "../support/roles.js";
import { smallDisk } from "../support/small-disk.js";

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);
  t.strictSame((await app.call("GET", "/health/live")).body, { status: "up" });
  while ((await app.fastify.readiness()).parts.redis === "filling") await setImmediate(); // it is new
  const { status, body } = await app.call("GET", "/health/ready");
  t.equal(status, 200);
  t.strictSame(body,
    { status: "up", parts: { database: "up", clock: "up", ...(env.REDIS_URL !== undefined && { redis: "up" }) } });
  await withoutDatabase(app);
  const down = await app.call("GET", "/health/ready");
  t.match(down, { status: 503, body: { status: "down", parts: { database: "missing" } } });
  t.equal((await app.call("GET", "/health/live")).status, 200, "a process without its database runs");
});

await t.test("a Redis that is down is named, and named as up once it is back and filled", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const app = await testApp(t, { REDIS_URL: redis.url });
  await redis.kill();
  t.match(await app.call("GET", "/health/ready"),
    { status: 200, body: { status: "up", parts: { database: "up", redis: "down" } } });
  await redis.start();
  while ((await app.fastify.readiness()).parts.redis !== "up") await setImmediate();
  t.match(await app.call("GET", "/health/ready"), { status: 200, body: { parts: { redis: "up" } } });
});

await t.test("a second's worth of questions is answered by one check", async (t) => {
  const app = await testApp(t, {}, { timing: { readinessAge: 60_000 } });
  let checks = 0;
  const { database } = app.fastify;
  const { condition } = database;
  database.condition = () => { checks++; return condition(); };
  const ask = () => app.call("GET", "/health/ready").then(({ status }) => status);
  t.strictSame(await Promise.all(Array.from({ length: 20 }, ask)), Array<number>(20).fill(200));
  t.equal(await ask(), 200);
  t.equal(checks, 1);
});

const unready = (database: string) => ({ status: 503, body: { status: "down", parts: { database } } });

await t.test("a PostgreSQL that accepts no writes is read-only, not up", async (t) => {
  const url = await ownedPostgres(t);
  if (url === undefined) return;
  const app = await testApp(t, { DATABASE_URL: url });
  t.equal((await app.call("GET", "/health/ready")).status, 200);
  const client = await app.register();
  await rowsOf(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`);
  await rowsOf(url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  while ((await app.fastify.readiness()).parts.database === "down") await setImmediate(); // the lost connections
  t.match(await app.call("GET", "/health/ready"), unready("read-only"));
  const token = await app.mint({}, client);
  t.equal((await app.userinfo(token)).status, 200);
  t.match(await app.logout(token), { status: 503, body: { error_description: /^The database is read-only: / } });
});

await t.test("a SQLite file on a full disk is full, and up again once it has room", async (t) => {
  const disk = smallDisk(t, 8);
  if (disk === undefined) return;
  const database = join(disk.path, "authflow.db");
  const app = await testApp(t, { DATABASE_URL: `file:${database}` });
  const token = await app.mint();
  t.equal((await app.call("GET", "/health/ready")).status, 200);
  const makeRoom = disk.fill();
  t.match(await app.call("GET", "/health/ready"), unready("full"));
  t.match(await app.logout(token), { status: 503, body: { error_description: /^The database has no room left / } });
  makeRoom();
  t.equal((await app.call("GET", "/health/ready")).status, 200);
  t.ok(existsSync(database));
});

await t.test("health checks leave no line in the log", async (t) => {
  const app = await testApp(t, { LOG_LEVEL: "info" });
  const before = app.logs.length;
  await app.call("GET", "/health/live");
  await app.call("GET", "/health/ready");
  await app.call("GET", "/.well-known/nowhere");
  const lines = app.logs.slice(before).filter((line) => line.includes('"request"'));
  t.equal(lines.length, 1, "that of the request after them");
  t.match(lines[0], "/.well-known/nowhere");
});
