// Live revocations as the service writes them: in PostgreSQL, in a SQLite file, and in Redis.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "libsql";

const CLIENT_ID = "019ab3c1-5f3b-7c4e-9d1a-3f1c2b4a5d6e";
const DAY = 86_400_000;
/**
 * A prime. For n < SCATTER, i * SCATTER % n gives each number below n once, in mixed order: users do not log out in the
 * order in which their tokens were issued.
 */
const SCATTER = 15_485_863;
const INDEXES = {
  revocations_expires_at_idx: "(expires_at)", revocations_shared_expires_at_idx: "(shared, expires_at)",
};

/** The `jti` of number k. They are ordered by k, as UUIDv7s are ordered by the time of issue. */
const jtiOf = (k) => {
  const [high, low] = [Math.floor(k / 65536), k % 65536];
  const hex = (number, width) => number.toString(16).padStart(width, "0");
  return `${hex(high, 8)}-${hex(low, 4)}-7000-8000-${hex(k, 12)}`;
};
/**
 * Inserts one revocation for each number k of `source`. None has expired: the server would delete expired ones during
 * the measurement.
 */
const insertFrom = (source, shared) => `
  INSERT INTO revocations (jti, client_id, subject, expires_at, revoked_at, shared)
  SELECT lpad(to_hex(k / 65536), 8, '0') || '-' || lpad(to_hex(k % 65536), 4, '0') || '-7000-8000-'
    || lpad(to_hex(k), 12, '0'), '${CLIENT_ID}', 'user-' || k,
    (now() AT TIME ZONE 'utc') + interval '1 day' + k * interval '1 ms', now() AT TIME ZONE 'utc', ${shared}
  FROM ${source}`;

/** Writes rows as logouts do: in mixed order, and `shared` is updated after the insert. Resolves to bytes a row. */
export async function writeAsTheServiceDoes({ query }, count) {
  const before = await size(query);
  const page = 2000;
  const source = `(SELECT i * ${SCATTER}::bigint % ${count} AS k FROM generate_series($1::bigint, $2::bigint) i) n`;
  for (let from = 0; from < count; from += page) {
    await query(insertFrom(source, false), [from, from + page - 1]);
    await query("UPDATE revocations SET shared = true WHERE NOT shared");
  }
  return (await size(query) - before) / count;
}

/** Inserts rows in one statement, then builds the indexes. Resolves to bytes a row: `heap`, `indexes`. */
export async function loadPostgres({ query }, count) {
  const [{ name: primary }] = await query(
    "SELECT conname AS name FROM pg_constraint WHERE conrelid = 'revocations'::regclass AND contype = 'p'");
  await query("TRUNCATE revocations");
  // Without a write-ahead log, because no later measurement writes to this table.
  await query("ALTER TABLE revocations SET UNLOGGED");
  await query(`ALTER TABLE revocations DROP CONSTRAINT ${primary}`);
  for (const name of Object.keys(INDEXES)) await query(`DROP INDEX ${name}`);
  await query(insertFrom("generate_series(1::bigint, $1::bigint) k", true), [count]);
  await query("SET maintenance_work_mem = '1GB'");
  await query("ALTER TABLE revocations ADD PRIMARY KEY (jti)");
  for (const [name, columns] of Object.entries(INDEXES)) await query(`CREATE INDEX ${name} ON revocations ${columns}`);
  await query("ANALYZE revocations");
  const [sizes] = await query(`SELECT pg_relation_size('revocations')::float8 AS heap,
    pg_indexes_size('revocations')::float8 AS indexes`);
  return { heap: sizes.heap / count, indexes: sizes.indexes / count };
}

const size = async (query) =>
  (await query("SELECT pg_total_relation_size('revocations')::float8 AS bytes"))[0].bytes;

/** Writes rows in mixed order. Returns bytes a row of the file. */
export function loadSqlite(path, count) {
  const db = new Sqlite(path);
  const measured = db.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size");
  const before = measured.get().bytes;
  const now = Date.now();
  db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN IMMEDIATE");
  db.prepare(`WITH RECURSIVE n(i, k) AS
      (SELECT 0, 0 UNION ALL SELECT i + 1, (i + 1) * ${SCATTER} % ?1 FROM n WHERE i < ?1 - 1)
    INSERT INTO revocations (jti, client_id, subject, expires_at, revoked_at, shared)
    SELECT printf('%08x-%04x-7000-8000-%012x', k / 65536, k % 65536, k), ?2, 'user-' || k, ?3 + k, ?4, 1 FROM n`)
    .run(count, CLIENT_ID, now + DAY, now);
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  const bytes = (measured.get().bytes - before) / count;
  db.close();
  return bytes;
}

/** Replaces the contents of Redis with keys `revoked:<jti>`, by `redis-cli --pipe`. Resolves to seconds. */
export async function loadRedis({ client, port, home }, count) {
  await client.flushall();
  const path = join(home, "revocations.resp");
  const file = createWriteStream(path);
  const day = Math.ceil((Date.now() + DAY) / 1000);
  for (let from = 1; from <= count; from += 10_000) {
    let text = "";
    for (let k = from; k < Math.min(from + 10_000, count + 1); k++) {
      const words = ["SET", `revoked:${jtiOf(k)}`, "1", "EXAT", String(day + Math.floor(k / 1000))];
      text += `*5\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
    }
    if (!file.write(text)) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
  const start = performance.now();
  const pipe = spawn("redis-cli", ["-p", String(port), "--pipe"], { stdio: ["pipe", "ignore", "inherit"] });
  createReadStream(path).pipe(pipe.stdin);
  const [code] = await once(pipe, "exit");
  if (code !== 0 || await client.dbsize() !== count) throw new Error(`redis-cli --pipe did not take ${count} keys`);
  rmSync(path);
  return (performance.now() - start) / 1000;
}

/**
 * Marks Redis as complete after `loadRedis`, as the service does after it has filled Redis: it writes the marker and
 * the first entry of the feed (src/stores/redis/revocation-cache.ts).
 */
export async function declareComplete({ client }, { query }) {
  const [{ uuid }] = await query("SELECT uuid FROM installation");
  const info = await client.info();
  const [, runId] = /^run_id:(\w+)/m.exec(info);
  const [, history] = /^master_replid:(\w+)/m.exec(info);
  const epoch = randomUUID();
  await client.xadd(`authflow:${uuid}:feed`, "*", "epoch", epoch);
  await client.set(`authflow:${uuid}:feed:epoch`, epoch);
  await client.set(`authflow:${uuid}:cutoffs:complete`, `${runId}:${history}`);
}
