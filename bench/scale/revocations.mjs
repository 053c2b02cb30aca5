// The cost of millions of live revocations: in the database, at a replica's start, in its memory, and for a subscriber.
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Sqlite from "libsql";
import { basic, register, watch } from "../measuring.mjs";
import { cpuSeconds, peakMemory, resetPeak, residentMemory } from "../process.mjs";
import { startServer } from "../server.mjs";
import { networked, ownDatabase } from "./services.mjs";

const DAY = 86_400_000;
/** As in src/revocation/entry.ts. */
const FOREVER = Date.UTC(9999, 11, 31, 23, 59, 59);
const COLUMNS = "position, tag, scope, value, issued_before, expires_at, recorded_at";

export async function measureRevocations({ entry, dir, log, closing, sizes: { live } }) {
  const database = await ownDatabase("full");
  closing.push(database.close);
  const file = join(dir, "sqlite", "authflow.db");
  const results = {};
  for (const [name, env, fill] of [
    ["PostgreSQL", networked(database), () => fillPostgres(database, live)],
    ["SQLite", { DATABASE_URL: `file:${file}` }, () => fillSqlite(file, live)],
  ]) {
    const first = await startServer(entry, env); // migrates
    const headers = { authorization: basic(await register(first)) };
    await first.stop();
    const bytes = await fill();
    log(`${live} revocations in ${name}`);
    const server = await startServer(entry, env);
    try {
      const known = server.startUp + await untilKnown(server, headers);
      const [started, filling] = [residentMemory(server.pid), cpuSeconds(server.pid)];
      const snapshot = await timed(server, () => readReset(server, headers, live));
      results[name] = { bytes: bytes / live, ready: server.startUp, known, filling, started, snapshot };
      log(`${name} measured`);
    } finally {
      await server.stop();
    }
  }
  return { live, results };
}

async function fillPostgres({ query }, count) {
  const now = Date.now();
  await query(`INSERT INTO revocation_log (${COLUMNS})
    SELECT i, lpad(to_hex(i), 8, '0'), 'jti', gen_random_uuid()::text, ${FOREVER}, ${now + DAY} + i, ${now}
    FROM generate_series(1, $1::int) i`, [count]);
  await query("UPDATE revocation_log_head SET position = $1", [count]);
  await query("ANALYZE revocation_log");
  return (await query("SELECT pg_total_relation_size('revocation_log')::float8 AS bytes"))[0].bytes;
}

/** A random UUID, in upper case. */
const UUID = [4, 2, 2, 2, 6].map((bytes) => `hex(randomblob(${bytes}))`).join(" || '-' || ");

/** Returns the bytes that the file grew by. */
function fillSqlite(path, count) {
  const db = new Sqlite(path);
  const size = db.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size");
  const before = size.get().bytes;
  const now = Date.now();
  db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN IMMEDIATE");
  db.prepare(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    INSERT INTO revocation_log (${COLUMNS})
    SELECT i, printf('%08x', i), 'jti', lower(${UUID}), ${FOREVER}, ?2 + i, ?3 FROM n`)
    .run(count, now + DAY, now);
  db.prepare("UPDATE revocation_log_head SET position = ?").run(count);
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  const { bytes } = size.get();
  db.close();
  return bytes - before;
}

async function timed(server, read) {
  resetPeak(server.pid);
  const stopwatch = watch({ server: server.pid });
  const bytes = await read();
  const { seconds, cpu, others } = stopwatch();
  return { bytes, seconds, cpu: cpu.server, others, memory: peakMemory(server.pid) };
}

/** Resolves to the seconds until the replica has read the log into its memory: until then the stream is refused. */
async function untilKnown({ url }, { authorization }) {
  const start = performance.now();
  for (;;) {
    const stop = new AbortController();
    const { status } = await fetch(`${url}/revocations/stream`, { headers: { authorization }, signal: stop.signal });
    stop.abort();
    if (status === 200) return (performance.now() - start) / 1000;
    await sleep(100);
  }
}

/** Reads the stream without a Last-Event-ID until `count` tokens have arrived. Resolves to bytes. */
function readReset({ port }, { authorization }, count) {
  return new Promise((resolve, reject) => {
    let [bytes, received] = [0, 0];
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /revocations/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${authorization}\r\n\r\n`);
    const ended = () => { reject(new Error(`The stream ended after ${received} of ${count}`)); };
    socket.on("error", reject).on("close", ended).on("data", (chunk) => {
      bytes += chunk.length;
      for (let at = chunk.indexOf(0x7b); at !== -1; at = chunk.indexOf(0x7b, at + 1)) received++; // each token is one {
      if (received < count) return;
      socket.off("close", ended).destroy();
      resolve(bytes);
    });
  });
}
