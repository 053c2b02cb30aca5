import type { StatusListStore } from "../../status-lists/store.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";
import { toDate } from "./instant.js";
import { replaceNul } from "./text.js";

/** Epoch milliseconds by the database's clock. */
const NOW = {
  postgresql: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
  sqlite: "CAST(unixepoch('subsec') * 1000 AS integer)",
};

export function statusListStore(db: Db): StatusListStore {
  const { prisma, postgres, run } = db;
  const now = postgres ? NOW.postgresql : NOW.sqlite;
  /** Statements use `?` as placeholder; PostgreSQL needs $1, $2, … */
  const numbered = (sql: string): string => {
    let number = 0;
    return postgres ? sql.replaceAll("?", () => `$${++number}`) : sql;
  };
  const execute = (sql: string, ...values: unknown[]): Promise<number> =>
    prisma.$executeRawUnsafe(numbered(sql), ...values);
  const query = <T>(sql: string, ...values: unknown[]): Promise<T[]> =>
    prisma.$queryRawUnsafe<T[]>(numbered(sql), ...values);

  return {
    reserve: async ({ id, size, expiresAt }) => {
      await execute(
        `INSERT INTO status_lists (id, size, touched_at, closed, expires_at) VALUES (?, ?, ${now}, ?, ?)`,
        id, size, false, toDate(expiresAt),
      );
    },

    touch: async (id, expiresAt) => {
      const sql = `UPDATE status_lists SET touched_at = ${now}, expires_at = ? WHERE id = ?`;
      return await execute(sql, toDate(expiresAt), id) === 1;
    },

    close: async (id) => { await prisma.statusList.updateMany({ where: { id }, data: { closed: true } }); },

    append: async ({ listId, sequence, records, expiresAt }) => {
      await execute(
        `INSERT INTO status_batches (list_id, sequence, records, expires_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (list_id, sequence) DO NOTHING`,
        listId, sequence, records, toDate(expiresAt),
      );
    },

    find: async (id) => {
      const [row] = await query<{ size: number; closed: unknown; silentFor: number | bigint }>(
        `SELECT size, closed, ${now} - touched_at AS "silentFor" FROM status_lists WHERE id = ?`, replaceNul(id));
      return row === undefined ? null
        : { size: Number(row.size), closed: Boolean(row.closed), silentFor: Number(row.silentFor) };
    },

    // Without Prisma, and as one text for each row: Prisma would copy the records of a list several times.
    batches: async (listId, after, limit) => {
      const select = (hex: string): string => numbered(`SELECT sequence || ':' || ${hex} FROM status_batches
        WHERE list_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`);
      const values = [replaceNul(listId), after, limit];
      const rows = await run({
        sqlite: [[select("hex(records)"), ...values]],
        postgres: [select("encode(records, 'hex')"), ...values],
      }) as string[];
      return rows.map((row) => {
        const colon = row.indexOf(":");
        return { sequence: Number(row.slice(0, colon)), records: Buffer.from(row.slice(colon + 1), "hex") };
      });
    },

    // As one text: one row for each index would take longer than everything else in reading a list.
    revoked: async (listId) => {
      const list = postgres ? "string_agg(CAST(status_index AS text), ',')" : "group_concat(status_index)";
      const [row] = await query<{ indexes: string | null }>(
        `SELECT ${list} AS indexes FROM revocation_log WHERE status_list_id = ?`, replaceNul(listId));
      return row?.indexes == null ? [] : String(row.indexes).split(",").map(Number);
    },

    sweep: async (before, limit) => await deleteExpired(db, "status_lists", before, limit)
      + await deleteExpired(db, "status_batches", before, limit),
  };
}
