import { randomBytes } from "node:crypto";
import { type Entry, FOREVER, type Scope } from "../../revocation/entry.js";
import type { LogEntry, RevocationLog } from "../../revocation/log.js";
import { type AuthflowError, unavailable } from "../../shared/errors.js";
import type { Db } from "./db.js";
import type { LogRow } from "./direct-connection.js";
import { COMMIT_DURABLY } from "./durable-commit.js";
import { replaceNul, storable } from "./text.js";

/** PostgreSQL's channel on which replicas are told that the log has new entries. */
export const LOG_CHANNEL = "authflow_log";
const RAISE_ON_SQLITE = `
  UPDATE revocation_log_head SET position = MAX(position, ?) + ? WHERE id = 1 RETURNING position`;
const INSERT_ON_SQLITE = `
  INSERT INTO revocation_log
    (position, tag, scope, value, issued_before, expires_at, recorded_at, status_list_id, status_index)
  SELECT head.position - ? + 1 + e.key, e.value->>'tag', e.value->>'scope', e.value->>'value',
    e.value->>'issuedBefore', e.value->>'expiresAt', CAST(unixepoch('subsec') * 1000 AS integer),
    e.value->>'listId', e.value->>'index'
  FROM revocation_log_head AS head, json_each(?) AS e WHERE head.id = 1`;
const APPEND_ON_POSTGRES = `
  WITH head AS (
    UPDATE revocation_log_head SET position = GREATEST(position, $3::bigint) + $2::int WHERE id = 1
    RETURNING position - $2::int AS base
  ), entries AS (
    SELECT entry, ordinal FROM json_array_elements($1::json) WITH ORDINALITY AS e (entry, ordinal)
  )
  INSERT INTO revocation_log
    (position, tag, scope, value, issued_before, expires_at, recorded_at, status_list_id, status_index)
  SELECT base + ordinal, entry->>'tag', entry->>'scope', entry->>'value', (entry->>'issuedBefore')::bigint,
    (entry->>'expiresAt')::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    entry->>'listId', (entry->>'index')::int
  FROM head, entries, (SELECT pg_notify('${LOG_CHANNEL}', ''), ${COMMIT_DURABLY}) AS notified
  RETURNING position`;
/** One call for all: each costs more than the other work for an entry. */
const newTags = (count: number): string[] => randomBytes(4 * count).toString("hex").match(/.{8}/g) ?? [];

/**
 * The position in the head's row is raised by the transaction that appends. Its lock makes the next one wait for this
 * commit, so that positions follow the order of the commits. A sequence would not: it hands out numbers before.
 */
export function revocationLog({ prisma, postgres, readLog, run }: Db): RevocationLog {
  return {
    append: async (entries, above = 0) => {
      const count = entries.length;
      const tags = newTags(count);
      const json = JSON.stringify(storable(entries).map((entry, i) => ({ tag: tags[i], ...toJson(entry) })));
      const positions = await run({
        sqlite: [[RAISE_ON_SQLITE, above, count], [INSERT_ON_SQLITE, count, json]],
        postgres: [APPEND_ON_POSTGRES, json, count, above],
      });
      if (positions.length === 0) throw headMissing();
    },

    read: async (from, limit) => {
      const { rows, history } = await readLog(from, limit);
      return { entries: rows.map(toLogEntry), history };
    },

    find: async (names) => {
      const where = { OR: names.map(({ scope, value }) => ({ scope, value: replaceNul(value) })) };
      return (await prisma.revocationLogEntry.findMany({ where })).map(({ scope, value, issuedBefore, expiresAt }) =>
        ({ scope: scope as Scope, value, issuedBefore: instant(issuedBefore), expiresAt: instant(expiresAt) }));
    },

    horizon: async () => {
      const [head] = await prisma.$queryRaw<{ horizon: bigint | number }[]>`
        SELECT horizon FROM revocation_log_head WHERE id = 1`;
      if (head === undefined) throw headMissing();
      return instant(head.horizon);
    },

    moveHorizon: async (from, to) => {
      const [expected, horizon] = [BigInt(Math.floor(from)), BigInt(Math.floor(to))];
      const where = { id: 1, horizon: expected };
      return (await prisma.revocationLogHead.updateMany({ where, data: { horizon } })).count === 1;
    },

    sweep: (limit) => prisma.$executeRawUnsafe(
      `DELETE FROM revocation_log WHERE position IN (
        SELECT entry.position FROM revocation_log AS entry, revocation_log_head AS head
        WHERE head.id = 1 AND entry.expires_at <= head.horizon AND entry.position < head.position
        ORDER BY entry.expires_at LIMIT ${postgres ? "$1 FOR UPDATE OF entry SKIP LOCKED" : "?"})`,
      limit,
    ),
  };
}

/**
 * Makes the head's row, as the migration did, if somebody deleted it. Not while the service runs: a backup that is
 * being restored would bring it too.
 */
export async function completeLog({ prisma, postgres }: Pick<Db, "prisma" | "postgres">): Promise<void> {
  const heads = await prisma.$queryRaw<unknown[]>`SELECT id FROM revocation_log_head`;
  if (heads.length > 0) return; // a standby takes no INSERT, even of nothing
  const now = postgres ? "extract(epoch FROM clock_timestamp())" : "unixepoch('subsec')";
  await prisma.$executeRawUnsafe(`
    INSERT INTO revocation_log_head (id, position, horizon)
    SELECT 1, COALESCE(MAX(position), 0), CAST(${now} * 1000 AS bigint) - 86400000 FROM revocation_log WHERE true
    ON CONFLICT (id) DO NOTHING`);
}

const headMissing = (): AuthflowError => unavailable(
  "The table revocation_log_head is empty: if no backup is being restored into the database, start Authflow again");

const toJson = ({ scope, value, issuedBefore, expiresAt, status }: Entry) =>
  ({ scope, value, issuedBefore: toInstant(issuedBefore), expiresAt: toInstant(expiresAt), ...status });

/** A token may claim any expiry. A row that is beyond what a number holds would make the log unreadable. */
const toInstant = (milliseconds: number): number => Math.min(Math.ceil(milliseconds), FOREVER);

const toLogEntry = ([position, tag, scope, value, issuedBefore, expiresAt, listId, index]: LogRow): LogEntry => ({
  position, tag, scope: scope as Scope, value, issuedBefore: instant(issuedBefore), expiresAt: instant(expiresAt),
  ...(listId !== null && index !== null && { status: { listId, index } }),
});

/** Throws for what is no number: an entry that can't be compared must not look like one that revokes nothing. */
function instant(value: bigint | number): number {
  const milliseconds = Number(value);
  if (!Number.isSafeInteger(milliseconds)) throw new TypeError(`The revocation log holds no instant: ${String(value)}`);
  return milliseconds;
}
