import { type LogConnection, type LogRow, SELECT, type Statement } from "./log-connection.js";
import { openSqlite, PRAGMAS, retryWhileBusy } from "./sqlite.js";

export function openLog(path: string): LogConnection {
  const db = openSqlite(path);
  db.exec(`${PRAGMAS}; PRAGMA cache_size = -256`);
  // All rows as one text: the driver takes several times as long for the same rows one by one.
  const select = db.prepare<unknown[]>(`
    SELECT json_group_array(json_array(
      position, tag, scope, value, issued_before, expires_at, status_list_id, status_index) ORDER BY position) AS rows
    FROM (${SELECT} ? ORDER BY position LIMIT ?)`);
  const attempt = <T>(work: () => T) => retryWhileBusy(() => {
    if (!db.open) throw new Error("The database was closed"); // a statement would go on
    return work();
  });
  const prepared = new Map<string, typeof select>();
  const run = ([sql, ...args]: Statement) => {
    let statement = prepared.get(sql);
    if (statement === undefined) prepared.set(sql, statement = db.prepare<unknown[]>(sql));
    statement.run(args);
  };
  return {
    read: (from, limit) => attempt(() => {
      const { rows } = select.get([from, limit]) as { rows: string };
      return JSON.parse(rows) as LogRow[];
    }),
    // Synchronous from BEGIN to COMMIT: no read of this connection can be in between.
    write: (statements) => attempt(() => {
      db.exec("BEGIN IMMEDIATE");
      try {
        statements.forEach(run);
        db.exec("COMMIT");
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK");
        throw error;
      }
    }),
    close: async () => { db.close(); },
  };
}
