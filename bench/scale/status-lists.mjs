// The cost of status lists: in the database, in memory and in an answer.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { watch } from "../measuring.mjs";
import { residentMemory } from "../process.mjs";
import { startServer } from "../server.mjs";
import { networked, ownDatabase, ownRedis } from "./services.mjs";

/** Shares of tokens that are revoked. */
const SHARES = [0, 0.01, 0.1, 0.5];
/** Lists of each share. Together there are sixteen, which a process keeps in memory. */
const EACH = 4;
/** Tokens in one batch, if a replica mints a thousand tokens a second (busy) or twelve (idle). */
const BATCHES = { busy: 250, idle: 3 };
const CLIENTS = 100;
const KEY = "x".repeat(43);
const DAY = 86_400_000;
/** The service's own, which is a bundle. */
const [{ encodeToken }, { LIST_SIZE }] = await Promise.all(["record", "status-list"].map(async (name) => {
  const entry = new URL(`../../src/status-lists/${name}.ts`, import.meta.url).pathname;
  const { outputFiles: [file] } =
    await build({ entryPoints: [entry], bundle: true, format: "esm", platform: "node", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(file.contents).toString("base64")}`);
}));
/** As in src/revocation/entry.ts. */
const FOREVER = Date.UTC(9999, 11, 31, 23, 59, 59);
/** Milliseconds after which a list is computed again: a bit more than FRESH_FOR in src/status-lists/status-lists.ts. */
const STALE = 5200;

export async function measureStatusLists({ entry, dir, log, closing }) {
  const [database, redis] = [await ownDatabase("lists"), await ownRedis(dir)];
  closing.push(database.close, redis.close);
  const env = networked(database, redis);
  await (await startServer(entry, env)).stop(); // migrates
  const records = recordsOfAList();
  const lists = [];
  for (const share of SHARES) for (let i = 0; i < EACH; i++)
    lists.push({ share, id: await writeList(database, records, BATCHES.busy) });
  const busy = await batchBytes(database);
  for (const { share, id } of lists) await revoke(database, id, share);
  const [{ bytes: revocations, rows }] = await database.query(`
    SELECT pg_total_relation_size('revocation_log')::float8 AS bytes, count(*)::float8 AS rows FROM revocation_log`);
  const small = await writeList(database, records, BATCHES.idle);
  const idle = (await batchBytes(database) - busy) / LIST_SIZE;
  const tiny = await writeList(database, records.slice(0, 10), BATCHES.busy);
  await database.query("ANALYZE");
  log("status lists written");

  const server = await startServer(entry, env);
  closing.push(() => server.stop());
  const read = async (id) => {
    const stopwatch = watch({ server: server.pid });
    const response = await fetch(`${server.url}/status-lists/${id}`);
    const text = await response.text();
    const { seconds, cpu, others } = stopwatch();
    if (response.status !== 200) throw new Error(`GET /status-lists answered ${response.status}`);
    return { seconds, cpu: cpu.server, bytes: text.length, others };
  };
  // Until it has read the log, the replica does not know what is revoked.
  while ((await fetch(`${server.url}/status-lists/${tiny}`)).status === 503) await sleep(100);
  const before = residentMemory(server.pid);
  const reads = lists.map(({ share }) => ({ share, first: undefined, later: [] }));
  for (const [i, { id }] of lists.entries()) reads[i].first = await read(id);
  const memory = (residentMemory(server.pid) - before) / lists.length;
  for (let round = 0; round < 3; round++) {
    await sleep(STALE);
    for (const [i, { id }] of lists.entries()) reads[i].later.push(await read(id));
  }
  const kept = [];
  for (let i = 0; i < 200; i++) kept.push(await read(lists[0].id));
  const manyBatches = await read(small);
  return { shares: SHARES, batches: BATCHES, size: LIST_SIZE, reads, kept, manyBatches, memory,
    bytes: { busy: busy / lists.length / LIST_SIZE, idle, revocation: revocations / rows } };
}

const batchBytes = async ({ query }) =>
  (await query("SELECT pg_total_relation_size('status_batches')::float8 AS bytes"))[0].bytes;

/** One record for each index, in random order. Each subject has one token. */
function recordsOfAList() {
  const indexes = Uint32Array.from({ length: LIST_SIZE }, (_, index) => index);
  for (let i = LIST_SIZE - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [indexes[i], indexes[j]] = [indexes[j], indexes[i]];
  }
  const now = Date.now();
  return Array.from(indexes, (index, i) =>
    encodeToken({ index, issuedAt: now - i, sub: `user-${i}`, clientId: `client-${i % CLIENTS}`, kid: KEY }));
}

async function writeList({ query }, records, batch) {
  const id = randomUUID();
  await query(`INSERT INTO status_lists (id, size, touched_at, closed, expires_at)
    VALUES ($1, $2, 0, true, now() + interval '1 day')`, [id, LIST_SIZE]);
  const batches = [];
  for (let at = 0; at < records.length; at += batch) batches.push(Buffer.concat(records.slice(at, at + batch)));
  for (let at = 0; at < batches.length; at += 1000) {
    await query(`INSERT INTO status_batches (list_id, sequence, records, expires_at)
      SELECT $1, $2 + place - 1, bytes, now() + interval '1 day'
      FROM unnest($3::bytea[]) WITH ORDINALITY AS b(bytes, place)`,
    [id, at, batches.slice(at, at + 1000)]);
  }
  return id;
}

/** Appends to the log: a share of a list's tokens. */
const revoke = ({ query }, id, share) => query(`
  WITH head AS (SELECT position FROM revocation_log_head), tokens AS (
    SELECT i, row_number() OVER () AS n FROM generate_series(0, ${LIST_SIZE - 1}) i WHERE random() < $2
  ), appended AS (
    INSERT INTO revocation_log (position, tag, scope, value, issued_before, expires_at, recorded_at, status_list_id,
      status_index)
    SELECT head.position + n, lpad(to_hex(n), 8, '0'), 'jti', gen_random_uuid()::text, ${FOREVER}, ${Date.now() + DAY},
      ${Date.now()}, $1, i FROM head, tokens
    RETURNING position
  )
  UPDATE revocation_log_head SET position = GREATEST(position, (SELECT max(position) FROM appended))`, [id, share]);
