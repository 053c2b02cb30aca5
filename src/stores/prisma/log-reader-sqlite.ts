import { type LogReader, type LogRow, SELECT } from "./log-reader.js";
import { openSqlite, retryWhileBusy } from "./sqlite.js";

export function openReader(path: string): LogReader {
  const db = openSqlite(path);
  db.exec("PRAGMA query_only = ON; PRAGMA busy_timeout = 0; PRAGMA cache_size = -256");
  // All rows as one text: the driver takes several times as long for the same rows one by one.
  const statement = db.prepare<unknown[]>(`
    SELECT json_group_array(json_array(
      position, tag, scope, value, issued_before, expires_at, status_list_id, status_index) ORDER BY position) AS rows
    FROM (${SELECT} ? ORDER BY position LIMIT ?)`);
  return {
    read: (from, limit) => retryWhileBusy(() => {
      if (!db.open) throw new Error("The database was closed"); // the statement would go on
      const { rows } = statement.get([from, limit]) as { rows: string };
      return JSON.parse(rows) as LogRow[];
    }),
    close: async () => { db.close(); },
  };
}
