/** A row of the revocation log. */
export type LogRow = [
  position: number, tag: string, scope: string, value: string, issuedBefore: number, expiresAt: number,
  statusListId: string | null, statusIndex: number | null,
];

/**
 * A connection of the log's own, without Prisma: each live check waits for a read, each logout for an append, and
 * Prisma's part would cost more than everything else in them.
 */
export interface LogConnection {
  /** `from` and `limit` are integers. */
  read: (from: number, limit: number) => Promise<LogRow[]>;
  /** Runs the statements in one transaction. Undefined where Prisma needs one round trip for them, as on PostgreSQL. */
  write?: (statements: Statement[]) => Promise<void>;
  close: () => Promise<void>;
}
/** What the log's store needs of it. Inside a transaction there is no `write`: it would be another transaction. */
export type LogAccess = Pick<LogConnection, "read" | "write">;
export type Statement = [sql: string, ...args: (string | number)[]];

/** To be followed by a position, ORDER BY and LIMIT. */
export const SELECT = `SELECT position, tag, scope, value, issued_before, expires_at, status_list_id, status_index
  FROM revocation_log WHERE position >=`;
