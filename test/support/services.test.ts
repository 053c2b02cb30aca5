import { Redis } from "ioredis";
import pg from "pg";
import t, { type Test } from "./tap.js";
import { chromium } from "./browser.js";
import { privateRedis } from "./private-redis.js";
import { postgres, redis, sqlite } from "./services.js";

const connect = (t: Test, url: string): Redis => {
  const client = new Redis(url, { retryStrategy: () => 20, commandTimeout: 300 });
  client.on("error", () => undefined);
  t.teardown(() => { client.disconnect(); });
  return client;
};

await t.test("sqlite: a fresh path each time", async (t) => {
  t.match(sqlite(t), /^file:\//);
  t.not(sqlite(t), sqlite(t));
});

await t.test("postgres: a fresh database, dropped even from under an open connection", async (t) => {
  let used: pg.Client | undefined;
  let name: string | undefined;
  await t.test("while in use", async (t) => {
    const url = await postgres(t);
    if (url === undefined) return;
    name = new URL(url).pathname.slice(1);
    used = new pg.Client(url);
    used.on("error", () => undefined);
    await used.connect();
    await used.query("CREATE TABLE proof (id int)");
  });
  await t.test("afterwards", async (t) => {
    const url = await postgres(t);
    if (url === undefined) return;
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    await client.end();
    t.strictSame(rows, []);
  });
  await used?.end().catch(() => undefined);
});

await t.test("redis: tests do not see each other's keys, and leave none", async (t) => {
  let last = "";
  await t.test("while in use", async (t) => {
    const [a, b] = [await redis(t), await redis(t)];
    if (a === undefined || b === undefined) return;
    last = a;
    await connect(t, a).set("key", "value");
    t.equal(await connect(t, a).get("key"), "value");
    t.equal(await connect(t, b).get("key"), null);
  });
  if (last !== "") t.equal(await connect(t, last).get("key"), null);
});

await t.test("privateRedis", async (t) => {
  const server = await privateRedis(t);
  if (server === undefined) return;
  const client = connect(t, server.url);
  await t.test("comes back after a crash with what was saved, and without what was not", async (t) => {
    await server.cli("SET", "saved", "1");
    await server.cli("SAVE");
    await server.cli("SET", "unsaved", "1");
    await server.kill();
    await t.rejects(client.ping());
    await server.start();
    t.strictSame(await server.cli("MGET", "saved", "unsaved"), ["1", null]);
  });
  await t.test("comes back on its port after an orderly stop", async (t) => {
    await server.stop();
    await server.start();
    t.equal(await server.cli("PING"), "PONG");
  });
  await t.test("forgets when flushed", async (t) => {
    await server.flush();
    t.equal(await server.cli("DBSIZE"), 0);
  });
  await t.test("hangs while paused", async (t) => {
    await server.cli("PING");
    const patient = connect(t, server.url);
    t.equal(await patient.ping(), "PONG");
    server.pause();
    await t.rejects(patient.ping(), { message: "Command timed out" });
    server.resume();
    t.equal(await patient.ping(), "PONG");
    server.pause(); // and may be left so
  });
});

await t.test("chromium: opens a page", async (t) => {
  const browser = await chromium(t);
  if (browser === undefined) return;
  const page = await browser.newPage();
  await page.goto("data:text/html,<title>proof</title>");
  t.equal(await page.title(), "proof");
});
