import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { type Applied, type Migration, pendingOf, type Progress } from "./migrations.js";
import { closeSqlite, onlyForThisUser, openSqlite, retryWhileBusy } from "./sqlite.js";

const LEDGER = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`;
const READ = "SELECT migration_name, checksum, finished_at, rolled_back_at FROM _prisma_migrations";
const RECORD = `INSERT INTO _prisma_migrations
  (id, checksum, migration_name, finished_at, started_at, applied_steps_count) VALUES (?, ?, ?, ?, ?, 1)`;

type Connection = ReturnType<typeof openSqlite>;

export function apply(path: string, all: Migration[], progress: Progress): Promise<string[]> {
  return withDatabase(path, async (db) => {
    const done: string[] = [];
    const wait = <T>(attempt: () => T): Promise<T> => {
      progress("waiting for the lock of the database");
      return retryWhileBusy(attempt, Infinity);
    };
    onlyForThisUser(path);
    // foreign_keys OFF: when a migration rebuilds a table, its DROP would otherwise delete the referencing rows.
    db.exec("PRAGMA busy_timeout = 0; PRAGMA foreign_keys = OFF");
    await wait(() => db.exec("PRAGMA journal_mode = WAL"));
    if ((await wait(() => lacking(db, all))).length === 0) return done;
    for (;;) {
      await wait(() => db.exec("BEGIN IMMEDIATE"));
      db.exec(LEDGER);
      const [next] = lacking(db, all);
      if (next !== undefined) {
        progress(`applying the migration ${next.name}`);
        db.exec(next.sql);
        const broken = db.prepare("PRAGMA foreign_key_check").all();
        if (broken.length > 0) throw new Error(`Migration ${next.name} breaks ${broken.length} foreign keys`);
        db.prepare(RECORD).run(randomUUID(), next.checksum, next.name, Date.now(), Date.now());
      }
      await wait(() => db.exec("COMMIT"));
      if (next === undefined) return done;
      done.push(next.name);
    }
  });
}

export async function pending(path: string, all: Migration[]): Promise<Migration[]> {
  return existsSync(path) ? withDatabase(path, async (db) => lacking(db, all)) : all;
}

function lacking(db: Connection, all: Migration[]): Migration[] {
  const ledger = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_prisma_migrations'").get();
  return pendingOf(all, ledger === undefined ? [] : (db.prepare(READ).all() as Applied[]));
}

async function withDatabase<T>(path: string, work: (db: Connection) => Promise<T>): Promise<T> {
  const db = openSqlite(path);
  try {
    return await work(db);
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
    closeSqlite(db);
  }
}
