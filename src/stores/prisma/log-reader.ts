/** A row of the revocation log. */
export type LogRow = [
  position: number, tag: string, scope: string, value: string, issuedBefore: number, expiresAt: number,
  statusListId: string | null, statusIndex: number | null,
];

/**
 * Reads the log over a connection of its own, without Prisma: each live check waits for such a read, and Prisma's part
 * of it would cost more than everything else in the check. `from` and `limit` are integers.
 */
export interface LogReader { read(from: number, limit: number): Promise<LogRow[]>; close(): Promise<void> }

/** To be followed by a position, ORDER BY and LIMIT. */
export const SELECT = `SELECT position, tag, scope, value, issued_before, expires_at, status_list_id, status_index
  FROM revocation_log WHERE position >=`;
