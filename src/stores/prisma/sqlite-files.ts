import { existsSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type Sqlite from "libsql";

type Connection = InstanceType<typeof Sqlite>;

/** The databases that this process has opened. */
const opened = new Set<string>();
/** Turns of the event loop. Two suffice, if no other process has the file open. */
const TURNS = 20;

/** Notes that a connection to the file at `path` opens. */
export function noteOpened(path: string): void { opened.add(path); }

/**
 * Closes a connection. Before, it writes back what is in the `-wal` file, so that the file of the database alone is
 * complete. SQLite does so when its last connection closes, but see `releaseSqliteFiles`. If other connections are in
 * the way, one of them does it when it closes.
 */
export function closeSqlite(db: Connection): void {
  try {
    if (db.open) db.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
  } catch { /* a full disk, for example: the `-wal` file keeps it, and the next end tries again */ }
  db.close();
}

/**
 * Before the end of the process: removes the `-wal` and `-shm` files of the databases whose connections are closed.
 * libsql closes a connection only when the statements that it prepared are collected as garbage
 * (tursodatabase/libsql-js#228), which they are not before process.exit().
 */
export async function releaseSqliteFiles(): Promise<void> {
  const isReleased = (): boolean => [...opened].every((path) => !existsSync(`${path}-wal`));
  if (isReleased()) return;
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let turn = 0; turn < TURNS && !isReleased(); turn++) {
    if (turn % 5 === 0) collect();
    await nextTurn();
  }
}
