import { type DirectConnection, LOG_COLUMNS, type LogRow, type Statement } from "./direct-connection.js";
import { SqliteFiles } from "./sqlite-file.js";
import { closeSqlite, openSqlite, PRAGMAS, retryWhileBusy } from "./sqlite.js";

export function openDirectly(path: string): DirectConnection {
  const db = openSqlite(path);
  db.exec(`${PRAGMAS}; PRAGMA cache_size = -256`);
  // All rows as one text: the driver takes several times as long for the same rows one by one.
  const select = db.prepare<unknown[]>(`
    SELECT json_group_array(json_array(${LOG_COLUMNS}) ORDER BY position) AS rows
    FROM (SELECT ${LOG_COLUMNS} FROM revocation_log WHERE position >= ? ORDER BY position LIMIT ?)`);
  const files = new SqliteFiles(path);
  const attempt = <T>(work: () => T) => retryWhileBusy(() => {
    if (!db.open) throw new Error("The database was closed"); // a statement would go on
    return files.use(work);
  });
  const prepared = new Map<string, typeof select>();
  const runOne = ([sql, ...args]: Statement): unknown[] => {
    let statement = prepared.get(sql);
    if (statement === undefined) {
      statement = db.prepare<unknown[]>(sql);
      prepared.set(sql, statement.reader ? statement.raw(true) : statement);
    }
    if (statement.reader) return (statement.all(args) as [unknown][]).map(([first]) => first);
    statement.run(args);
    return [];
  };
  return {
    readLog: (from, limit) => attempt(() => {
      const { rows } = select.get([from, limit]) as { rows: string };
      return { rows: JSON.parse(rows) as LogRow[], history: null };
    }),
    history: () => Promise.resolve("NULL"),
    run: ({ sqlite: statements }) => attempt(() => {
      if (statements.length === 1) return statements.flatMap(runOne);
      // Synchronous from BEGIN to COMMIT: no read of this connection can be in between.
      db.exec("BEGIN IMMEDIATE");
      try {
        const returned = statements.flatMap(runOne);
        db.exec("COMMIT");
        return returned;
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK");
        throw error;
      }
    }),
    close: async () => { closeSqlite(db); },
  };
}
