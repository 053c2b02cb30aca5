import { writeFileSync } from "node:fs";
import { Redis } from "ioredis";
import pg from "pg";
import t, { type Test } from "./tap.js";
import { chromium } from "./browser.js";
import { until } from "../e2e/support.js";
import { privatePostgres } from "./private-postgres.js";
import { privateRedis } from "./private-redis.js";
import { postgres, redis, sqlite, type Suite } from "./services.js";

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

await t.test("a server that refuses to log in is skipped by name, with what to set, or is a failure", async (t) => {
  const [database, cache] = [await privatePostgres(t), await privateRedis(t)];
  if (database === undefined || cache === undefined) return;
  const client = new pg.Client(database.url);
  await client.connect();
  const { rows: [shown] } = await client.query<{ hba_file: string }>("SHOW hba_file");
  writeFileSync(shown?.hba_file ?? "", "host all all all scram-sha-256\n");
  await client.query("SELECT pg_reload_conf()");
  await client.end();
  await cache.cli("CONFIG", "SET", "requirepass", "a password");
  const { AUTHFLOW_REQUIRE_SERVICES: required } = process.env;
  const restore = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };

  const withPassword = database.url.replace("postgres@", "postgres:wrong@");
  const cases = [
    ["PostgreSQL without a password", "DATABASE_URL", database.url, postgres],
    ["PostgreSQL with a wrong one", "DATABASE_URL", withPassword, postgres],
    ["Redis without a password", "REDIS_URL", cache.url, redis],
    ["Redis with a wrong one", "REDIS_URL", cache.url.replace("//", "//:wrong@"), redis],
  ] as const;
  for (const [what, name, url, find] of cases) {
    await t.test(what, async (t) => {
      const given = process.env[name];
      t.teardown(() => { restore(name, given); restore("AUTHFLOW_REQUIRE_SERVICES", required); });
      process.env[name] = url;
      delete process.env.AUTHFLOW_REQUIRE_SERVICES;
      const said: unknown[] = [];
      const suite: Suite = { teardown: () => undefined, pass: (...[, extra]) => said.push(extra) > 0 };
      await until("the server wants the password", async () => await find(suite) === undefined);
      const [server] = what.split(" ");
      t.match(said.at(-1), { skip: new RegExp(`^SKIPPED: ${server} .* refuses .*: set ${name}=`) });
      process.env.AUTHFLOW_REQUIRE_SERVICES = "1";
      await t.rejects(find(suite), { message: /is required .* and refuses/ });
    });
  }
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
