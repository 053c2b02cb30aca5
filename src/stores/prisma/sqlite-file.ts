import { statSync } from "node:fs";

/** With SQLite's own code for it, which SQLite gives in rollback mode only. */
class FileReplaced extends Error {
  override readonly name = "SqliteError";
  readonly code = "SQLITE_READONLY_DBMOVED";
  readonly rawCode = 1032;
  constructor() {
    super("The database's file, or its -wal file, was deleted or replaced while it was open");
  }
}

/**
 * The files of an open database. If one is deleted or replaced, a connection goes on with the file that nobody else
 * finds any more, and what it writes is lost when the process ends.
 */
export class SqliteFiles {
  readonly #path: string;
  readonly #database: string | undefined;
  #wal: string | undefined;

  /** To be called when the connection was opened. */
  constructor(path: string) {
    this.#path = path;
    this.#database = identityOf(path);
  }

  /** Runs `work`, which uses the open connection. Throws before if the files are others than when it was opened. */
  use<T>(work: () => T): T {
    const wal = identityOf(`${this.#path}-wal`);
    const isSame = identityOf(this.#path) === this.#database && (this.#wal === undefined || wal === this.#wal);
    if (!isSame) throw new FileReplaced();
    const result = work();
    // Only now: before the first statement, another process may delete its -wal file.
    this.#wal ??= wal ?? identityOf(`${this.#path}-wal`);
    return result;
  }
}

/** Undefined if there is no such file. */
function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino}`;
}
