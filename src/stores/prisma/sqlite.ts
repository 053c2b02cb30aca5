import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import Sqlite from "libsql";
import { SqliteFiles } from "./sqlite-file.js";

type Connection = InstanceType<typeof Sqlite>;
type Client = ReturnType<PrismaLibSql["createClient"]>;
interface Query { sql: string; args: unknown[] }

const SQLITE_BUSY = 5;
const BUSY_TIMEOUT_MS = 5000;
const PRIVATE = 0o600;
const CACHED_STATEMENTS = 200;
/** Without SQLite's own waiting: see retryWhileBusy. */
export const PRAGMAS =
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 0";

/**
 * adapter-libsql over one connection. Its own client opens a connection for each transaction, does not set the PRAGMAs
 * on it and never closes it (two file descriptors each). It also begins transactions DEFERRED: one that reads before it
 * writes then fails at once if another process writes. The adapter itself keeps other queries out of a transaction.
 */
export class SqliteAdapter extends PrismaLibSql {
  readonly #path: string;

  constructor(path: string) {
    // Numbers take a third of the space of ISO texts in rows and indexes, and sort correctly for every year.
    super({ url: `file:${path}` }, { timestampFormat: "unixepoch-ms" });
    this.#path = path;
  }

  override createClient(): Client {
    const db = openSqlite(this.#path);
    db.exec(PRAGMAS);
    const prepare = statementCache(db);
    const files = new SqliteFiles(this.#path);
    const attempt = <T>(work: () => T): Promise<T> => retryWhileBusy(() => files.use(work));
    const execute = ({ sql, args }: Query) => attempt(() => {
      const statement = prepare(sql);
      const values = args.map((value) => (typeof value === "boolean" ? Number(value) : value));
      if (!statement.reader) {
        return { columns: [], columnTypes: [], rows: [], rowsAffected: statement.run(values).changes };
      }
      const columns = statement.columns();
      const rows = (statement.all(values) as unknown[][])
        .map((row) => row.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value).buffer : value)));
      return {
        columns: columns.map(({ name }) => name), columnTypes: columns.map(({ type }) => type ?? ""),
        rows, rowsAffected: 0,
      };
    });
    const rollback = async () => { if (db.inTransaction) db.exec("ROLLBACK"); };
    const commit = async () => {
      try {
        await attempt(() => db.exec("COMMIT"));
      } catch (error) {
        await rollback(); // left open (after a full disk, for example), it would include the next callers' writes
        throw error;
      }
    };
    const transaction = async () => {
      await attempt(() => db.exec("BEGIN IMMEDIATE"));
      return { execute, commit, rollback };
    };
    return {
      execute, transaction,
      executeMultiple: async (sql: string) => { db.exec(sql); },
      close: () => { closeSqlite(db); },
    } as unknown as Client;
  }
}

/** Opens a database file. Creates the file if it is missing, and its folder, both for this user alone. */
export function openSqlite(path: string): Connection {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // SQLite would create it for everybody to read. The files beside it get its mode.
  if (!existsSync(path)) closeSync(openSync(path, "a", PRIVATE));
  return new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
}

/**
 * Closes a connection. Before, it writes back what is in the `-wal` file, so that the file of the database alone is
 * complete: libsql leaves its connections open until its statements are collected as garbage, so that SQLite does not
 * do it. If other connections are in the way, one of them does it when it closes.
 */
export function closeSqlite(db: Connection): void {
  try {
    if (db.open) db.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
  } catch { /* a full disk, for example: the `-wal` file keeps it, and the next end tries again */ }
  db.close();
}

/** Takes the files of a database from other users, who may read those of earlier versions. */
export function onlyForThisUser(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, PRIVATE);
    } catch { /* it is not there, or it is somebody else's */ }
  }
}

/**
 * Waits for another connection's lock without blocking the event loop. SQLite's own wait would block it; a lock held by
 * a connection of this process would then never be released. Gives up after `patience` milliseconds.
 */
export async function retryWhileBusy<T>(attempt: () => T, patience = BUSY_TIMEOUT_MS): Promise<T> {
  for (const deadline = performance.now() + patience;;) {
    try {
      return attempt();
    } catch (error) {
      // The low byte is the primary code, the rest the extended one (SQLITE_BUSY_RECOVERY, …).
      const busy = ((error as { rawCode?: number }).rawCode ?? 0) % 256 === SQLITE_BUSY;
      if (!busy || performance.now() > deadline) throw error;
    }
    await sleep(1 + Math.random() * 9);
  }
}

function statementCache(db: Connection) {
  const prepareNew = (sql: string) => {
    const statement = db.prepare<unknown[]>(sql).safeIntegers(true);
    return statement.reader ? statement.raw(true) : statement;
  };
  const cache = new Map<string, ReturnType<typeof prepareNew>>();
  return (sql: string) => {
    let statement = cache.get(sql);
    if (statement === undefined) {
      statement = prepareNew(sql);
      const [oldest] = cache.keys();
      if (cache.size >= CACHED_STATEMENTS && oldest !== undefined) cache.delete(oldest);
      cache.set(sql, statement);
    }
    return statement;
  };
}
