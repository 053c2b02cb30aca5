import type { StatusReference } from "../tokens/status-reference.js";

export interface Revocation {
  jti: string;
  clientId: string;
  subject: string;
  /** Epoch ms of the token's `exp`; afterwards the row can be deleted. */
  expiresAt: number;
  /** Epoch ms. */
  revokedAt: number;
  /** The token's entry in a status list, if it has one. `record` stores it; `live` and `uncached` do not return it. */
  status?: StatusReference;
}

/** The authoritative record of revoked tokens, in the database. Instants are epoch milliseconds. */
export interface RevocationJournal {
  /**
   * Durable when it resolves; recording a jti twice is no error. `shared`: there is no cache, so the row does not wait
   * for `markCached`, and the journal's feed publishes it.
   */
  record(revocation: Revocation, shared: boolean): Promise<void>;
  has(jti: string): Promise<boolean>;
  /** Live revocations (expiresAt > now), ordered by jti. */
  live(now: number, page: { limit: number; after?: string }): Promise<Revocation[]>;
  /** Live revocations that are not marked as cached, whichever replica recorded them. */
  uncached(now: number, limit: number): Promise<Revocation[]>;
  markCached(jtis: string[]): Promise<void>;
  /** Deletes up to `limit` rows with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
