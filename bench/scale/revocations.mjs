// The cost of millions of live revocations: their storage, and each way to send all of them.
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mintAs, register, watch } from "../measuring.mjs";
import { peakMemory, resetPeak, residentMemory } from "../process.mjs";
import { startServer } from "../server.mjs";
import { networked, ownDatabase, ownRedis } from "./services.mjs";
import { declareComplete, loadPostgres, loadRedis, loadSqlite, writeAsTheServiceDoes } from "./rows.mjs";

/** Rows that are not in Redis yet, at any time, if there are a few hundred logouts a second. */
export const WAITING = 230;

export async function measureRevocations(context) {
  const { entry, dir, log, closing, generator, sizes: { live, part, rewritten, sqlite, rounds } } = context;
  const [database, redis] = [await ownDatabase("full"), await ownRedis(dir)];
  closing.push(database.close, redis.close);
  await (await startServer(entry, networked(database))).stop(); // migrates

  const written = await writeAsTheServiceDoes(database, rewritten);
  const queries = { dirty: await timeUncachedQuery(database), none: undefined, waiting: undefined };
  const packed = await loadPostgres(database, live);
  queries.none = await timeUncachedQuery(database);
  await database.query(
    `UPDATE revocations SET shared = false WHERE jti IN (SELECT jti FROM revocations LIMIT ${WAITING})`);
  queries.waiting = await timeUncachedQuery(database);
  await database.query("UPDATE revocations SET shared = true WHERE NOT shared");
  log(`${live} revocations in PostgreSQL`);

  const fill = await measureFill(context, database, redis);
  log(`${fill.count} revocations copied to Redis by a replica`);
  await redis.client.flushall();
  const before = await redis.number("used_memory");
  const piped = await loadRedis(redis, live);
  const inRedis = { bytes: (await redis.number("used_memory") - before) / live, piped };
  await declareComplete(redis, database);
  log(`${live} revocations in Redis`);

  const full = await startServer(entry, networked(database, redis));
  const credentials = await register(full);
  const authorization = `Basic ${Buffer.from(Object.values(credentials).join(":")).toString("base64")}`;
  const atRest = residentMemory(full.pid);
  const pages = await timed(full, () => readPages(full, authorization, part));
  const stream = await timed(full, () => readReset(full, authorization, part));
  log("snapshots read");

  const emptyServices = [await ownDatabase("empty"), await ownRedis(dir)];
  closing.push(...emptyServices.map(({ close }) => close));
  const empty = await startServer(entry, networked(...emptyServices));
  const alone = await startServer(entry, networked(database)); // as when Redis is down, or not filled yet
  closing.push(() => Promise.all([full, empty, alone].map((server) => server.stop())));
  // `full` and `alone` share a database, and so the client.
  const servers = { empty, full: { ...full, credentials }, alone: { ...alone, credentials } };
  const userinfo = await measureUserinfo(generator, rounds, servers);
  log("userinfo measured");

  const file = join(dir, "sqlite", "authflow.db");
  await (await startServer(entry, { DATABASE_URL: `file:${file}` })).stop();
  const sqliteBytes = loadSqlite(file, sqlite);
  log(`${sqlite} revocations in SQLite`);
  return {
    live, part, rewritten, sqlite, written, packed, queries, fill, inRedis, pages, stream, userinfo, sqliteBytes,
    atRest,
  };
}

/**
 * The query that each replica sends every 400 ms (`uncached` in src/stores/prisma/revocations.ts). Resolves to the
 * median run: its milliseconds in the database, and the pages that it read.
 */
async function timeUncachedQuery({ query }) {
  const runs = [];
  for (let i = 0; i < 21; i++) {
    const rows = await query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM revocations
      WHERE shared = false AND expires_at > now() AT TIME ZONE 'utc' ORDER BY expires_at LIMIT 2000`);
    const [{ Plan: plan, "Execution Time": time }] = rows[0]["QUERY PLAN"];
    runs.push({ time, buffers: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] });
  }
  return runs.slice(1).sort((a, b) => a.time - b.time)[10];
}

/** Starts a replica with an empty Redis, and stops it when Redis has `part` keys. */
async function measureFill({ entry, sizes: { part } }, database, redis) {
  const server = await startServer(entry, networked(database, redis), { until: "/health/live" });
  const stopwatch = watch({ server: server.pid, redis: redis.pid });
  const first = await redis.client.dbsize();
  let count = first;
  for (; count < part; count = await redis.client.dbsize()) await sleep(20);
  const { seconds, cpu } = stopwatch();
  const memory = peakMemory(server.pid);
  await server.stop();
  return { count: count - first, seconds, cpu, memory };
}

async function timed(server, read) {
  resetPeak(server.pid);
  const stopwatch = watch({ server: server.pid });
  const { count, bytes } = await read();
  const { seconds, cpu } = stopwatch();
  return { count, bytes, seconds, cpu: cpu.server, memory: peakMemory(server.pid) };
}

async function readPages({ url }, authorization, count) {
  let [bytes, received, cursor] = [0, 0, ""];
  for (;;) {
    const response = await fetch(`${url}/revocations?limit=10000${cursor}`, { headers: { authorization } });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`GET /revocations answered ${response.status}`);
    bytes += text.length;
    received += text.split('"jti"').length - 1;
    const next = /"next_cursor":"([^"]+)"/.exec(text)?.[1];
    if (next === undefined || received >= count) return { count: received, bytes };
    cursor = `&cursor=${next}`;
  }
}

/** Reads the stream without a Last-Event-ID until `count` tokens have arrived. */
function readReset({ port }, authorization, count) {
  return new Promise((resolve, reject) => {
    let [bytes, received] = [0, 0];
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /revocations/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${authorization}\r\n\r\n`);
    socket.on("error", reject).on("data", (chunk) => {
      bytes += chunk.length;
      for (let at = chunk.indexOf(0x7b); at !== -1; at = chunk.indexOf(0x7b, at + 1)) received++; // each token is one {
      if (received < count) return;
      socket.destroy();
      resolve({ count: received, bytes });
    });
  });
}

async function measureUserinfo({ measure }, { count, seconds }, servers) {
  const requests = {};
  for (const [name, server] of Object.entries(servers)) {
    const credentials = server.credentials ?? await register(server);
    const task = { requests: [mintAs(credentials)], amount: 200, keep: "access_token" };
    const { tokens } = await measure(server, task);
    requests[name] = tokens.map((token) =>
      ({ method: "GET", path: "/userinfo", headers: { authorization: `Bearer ${token}` } }));
    await measure(server, { requests: requests[name], amount: 2000 });
  }
  const results = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round < count; round++) {
    const order = Object.entries(servers);
    for (const [name, server] of round % 2 === 0 ? order : order.reverse())
      results[name].push(await measure(server, { requests: requests[name], amount: 1500 * seconds }));
  }
  return results;
}
