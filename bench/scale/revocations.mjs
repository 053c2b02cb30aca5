// What millions of live revocations take, and what each way of telling them all costs.
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mintAs, register, watch } from "../measuring.mjs";
import { forgetPeak, peakMemory, residentMemory } from "../process.mjs";
import { startServer } from "../server.mjs";
import { networked, ownDatabase, ownRedis } from "./places.mjs";
import { declareComplete, loadPostgres, loadRedis, loadSqlite, writeAsTheServiceDoes } from "./rows.mjs";

/** Rows that are waiting to be shown in Redis at a time, where a few hundred logouts happen a second. */
const WAITING = 230;

export async function measureRevocations(context) {
  const { entry, dir, say, closing, generator, sizes: { live, part, rewritten, sqlite, rounds } } = context;
  const [database, redis] = [await ownDatabase("full"), await ownRedis(dir)];
  closing.push(database.close, redis.close);
  await (await startServer(entry, networked(database))).stop(); // migrates

  const written = await writeAsTheServiceDoes(database, rewritten);
  const looks = { dirty: await unsharedLooks(database), none: undefined, waiting: undefined };
  const packed = await loadPostgres(database, live);
  looks.none = await unsharedLooks(database);
  await database.query(
    `UPDATE revocations SET shared = false WHERE jti IN (SELECT jti FROM revocations LIMIT ${WAITING})`);
  looks.waiting = await unsharedLooks(database);
  await database.query("UPDATE revocations SET shared = true WHERE NOT shared");
  say(`${live} revocations in PostgreSQL`);

  const fill = await measureFill(context, database, redis);
  say(`${fill.count} filled into Redis by a replica`);
  await redis.client.flushall();
  const before = await redis.number("used_memory");
  const piped = await loadRedis(redis, live);
  const inRedis = { bytes: (await redis.number("used_memory") - before) / live, piped };
  await declareComplete(redis, database);
  say(`${live} revocations in Redis`);

  const full = await startServer(entry, networked(database, redis));
  const credentials = await register(full);
  const authorization = `Basic ${Buffer.from(Object.values(credentials).join(":")).toString("base64")}`;
  const atRest = residentMemory(full.pid);
  const pages = await timed(full, () => readPages(full, authorization, part));
  const stream = await timed(full, () => readReset(full, authorization, part));
  say("snapshots read");

  const emptyPlaces = [await ownDatabase("empty"), await ownRedis(dir)];
  closing.push(...emptyPlaces.map(({ close }) => close));
  const empty = await startServer(entry, networked(...emptyPlaces));
  const alone = await startServer(entry, networked(database)); // as if Redis were away, or filling
  closing.push(() => Promise.all([full, empty, alone].map((server) => server.stop())));
  // Not in the empty one: these two share their clients.
  const servers = { empty, full: { ...full, credentials }, alone: { ...alone, credentials } };
  const userinfo = await measureUserinfo(generator, rounds, servers);
  say("userinfo measured");

  const file = join(dir, "sqlite", "authflow.db");
  await (await startServer(entry, { DATABASE_URL: `file:${file}` })).stop();
  const sqliteBytes = loadSqlite(file, sqlite);
  say(`${sqlite} revocations in SQLite`);
  return {
    live, part, rewritten, sqlite, written, packed, looks, fill, inRedis, pages, stream, userinfo, sqliteBytes, atRest,
  };
}

/** What each replica asks every 400 ms (src/stores/prisma/revocations.ts, `uncached`): the database's milliseconds. */
async function unsharedLooks({ query }) {
  const runs = [];
  for (let i = 0; i < 21; i++) {
    const rows = await query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM revocations
      WHERE shared = false AND expires_at > now() AT TIME ZONE 'utc' ORDER BY expires_at LIMIT 2000`);
    const [{ Plan: plan, "Execution Time": time }] = rows[0]["QUERY PLAN"];
    runs.push({ time, buffers: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] });
  }
  return runs.slice(1).sort((a, b) => a.time - b.time)[10];
}

/** A replica that finds its Redis empty: the first `part` of the keys, then it is stopped. */
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
  forgetPeak(server.pid);
  const stopwatch = watch({ server: server.pid });
  const { count, bytes } = await read();
  const { seconds, cpu } = stopwatch();
  return { count, bytes, seconds, cpu: cpu.server, memory: peakMemory(server.pid) };
}

async function readPages({ url }, authorization, count) {
  let [bytes, told, cursor] = [0, 0, ""];
  for (;;) {
    const response = await fetch(`${url}/revocations?limit=10000${cursor}`, { headers: { authorization } });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`GET /revocations answered ${response.status}`);
    bytes += text.length;
    told += text.split('"jti"').length - 1;
    const next = /"next_cursor":"([^"]+)"/.exec(text)?.[1];
    if (next === undefined || told >= count) return { count: told, bytes };
    cursor = `&cursor=${next}`;
  }
}

/** What a subscriber gets that comes without a Last-Event-ID, until it has heard of `count` tokens. */
function readReset({ port }, authorization, count) {
  return new Promise((resolve, reject) => {
    let [bytes, told] = [0, 0];
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /revocations/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${authorization}\r\n\r\n`);
    socket.on("error", reject).on("data", (chunk) => {
      bytes += chunk.length;
      for (let at = chunk.indexOf(0x7b); at !== -1; at = chunk.indexOf(0x7b, at + 1)) told++; // each token is a {
      if (told < count) return;
      socket.destroy();
      resolve({ count: told, bytes });
    });
  });
}

async function measureUserinfo({ measure }, { count, seconds }, servers) {
  const requests = {};
  for (const [name, server] of Object.entries(servers)) {
    const credentials = server.credentials ?? await register(server);
    const task = { requests: [mintAs(credentials)], amount: 200, keepTokens: true };
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
