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
  /** `from` and `limit` are integers. */
  readLog: (from: number, limit: number) => Promise<LogRow[]>;
  /** Runs those for its database, in one transaction. Resolves to the first column of all rows that they return. */
  run: (statements: Statements) => Promise<unknown[]>;
  close: () => Promise<void>;
}
export interface Statements { sqlite: Statement[]; postgres: Statement }
export type Statement = [sql: string, ...args: (string | number)[]];

/** To be followed by a position, ORDER BY and LIMIT. */
export const SELECT_LOG = `SELECT position, tag, scope, value, issued_before, expires_at, status_list_id, status_index
  FROM revocation_log WHERE position >=`;
