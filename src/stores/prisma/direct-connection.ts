/** A row of the revocation log. */
export type LogRow = [
  position: number, tag: string, scope: string, value: string, issuedBefore: number, expiresAt: number,
  statusListId: string | null, statusIndex: number | null,
];

/**
 * A connection without Prisma, for what runs at nearly each request: each live check waits for a read of the log, each
 * logout and each exchange of a code or a refresh token for a write. Prisma's part would cost more than all else in it.
 */
export interface DirectConnection {
  /** `from` and `limit` are integers. `history`: see LogPage. */
  readLog: (from: number, limit: number) => Promise<{ rows: LogRow[]; history: string | null }>;
  /** SQL that names the history; see LogPage. */
  history: () => Promise<string>;
  /** Runs those for its database, in one transaction. Resolves to the first column of all rows that they return. */
  run: (statements: Statements) => Promise<unknown[]>;
  close: () => Promise<void>;
}
export interface Statements { sqlite: Statement[]; postgres: Statement }
export type Statement = [sql: string, ...args: (string | number)[]];

/** The columns of a row, in their order. */
export const LOG_COLUMNS = "position, tag, scope, value, issued_before, expires_at, status_list_id, status_index";
