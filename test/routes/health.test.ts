import { setImmediate } from "node:timers/promises";
import t from "../support/tap.js";
import { onEveryBackend, testApp, withoutDatabase } from "../support/app.js";
import { privateRedis } from "../support/private-redis.js";

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);
  t.strictSame((await app.call("GET", "/health/live")).body, { status: "up" });
  while ((await app.fastify.readiness()).status !== "up") await setImmediate(); // a new Redis is being filled
  const { status, body } = await app.call("GET", "/health/ready");
  t.equal(status, 200);
  t.strictSame(body,
    { status: "up", parts: { database: "up", clock: "up", ...(env.REDIS_URL !== undefined && { redis: "up" }) } });
  await withoutDatabase(app);
  const down = await app.call("GET", "/health/ready");
  t.match(down, { status: 503, body: { status: "down", parts: { database: "down" } } });
  t.equal((await app.call("GET", "/health/live")).status, 200, "a process without its database runs");
});

await t.test("a Redis that is down is named, and named as up once it is back and filled", async (t) => {
  const redis = await privateRedis(t);
  if (redis === undefined) return;
  const app = await testApp(t, { REDIS_URL: redis.url });
  await redis.kill();
  t.match(await app.call("GET", "/health/ready"), { status: 503, body: { parts: { database: "up", redis: "down" } } });
  await redis.start();
  while ((await app.fastify.readiness()).status !== "up") await setImmediate();
  t.match(await app.call("GET", "/health/ready"), { status: 200, body: { parts: { redis: "up" } } });
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
