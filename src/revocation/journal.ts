import type { StatusReference } from "../tokens/status-reference.js";

export interface Revocation {
  jti: string;
  clientId: string;
  subject: string;
  /** Epoch ms of the token's `exp`: afterwards the row is of no use. */
  expiresAt: number;
  revokedAt: number;
  /** Where the token has a status: recorded along with it, and not told again. */
  status?: StatusReference;
}

/** The database: the truth about what is revoked. Instants are epoch milliseconds. */
export interface RevocationJournal {
  /** Durable when it resolves; recording a jti twice is no error. The row waits for `markCached` unless `shared`. */
  record(revocation: Revocation, shared: boolean): Promise<void>;
  has(jti: string): Promise<boolean>;
  /** Live revocations (expiresAt > now) in jti order, for filling the cache anew. */
  live(now: number, page: { limit: number; after?: string }): Promise<Revocation[]>;
  /** Live revocations that the cache has not confirmed yet, whichever instance recorded them. */
  uncached(now: number, limit: number): Promise<Revocation[]>;
  markCached(jtis: string[]): Promise<void>;
  /** Deletes up to `limit` rows with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
