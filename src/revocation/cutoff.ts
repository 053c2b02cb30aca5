/** What a cut-off can revoke: all tokens that a key signed, all of a subject, or all of a client. */
export type CutoffScope = "kid" | "sub" | "client_id";
export interface CutoffName { scope: CutoffScope; value: string }

/** Revokes every token of a key, subject or client that was issued before an instant. Instants are epoch ms. */
export interface Cutoff extends CutoffName {
  issuedBefore: number;
  /** From then on every token that it revokes has expired, and the cut-off can be deleted. */
  expiresAt: number;
}

/**
 * A cut-off with this instant revokes a token whatever time of issue it claims. The value is finite, because JSON has
 * no infinity, and the databases store no instant after the year 9999.
 */
export const FOREVER = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The authoritative record of cut-offs, in the database. */
export interface CutoffJournal {
  /**
   * Durable when it resolves. If there is a cut-off of the same name, the later instants stay. `shared`: there is no
   * cache, so the row does not wait for `markCached`, and the journal's feed publishes it.
   */
  record(cutoff: Cutoff, shared: boolean): Promise<void>;
  /** Those of `names` that exist, in any order. */
  find(names: readonly CutoffName[]): Promise<Cutoff[]>;
  /**
   * Live ones (expiresAt > now), ordered by scope and value; with `newerThan` only those with issuedBefore above it.
   */
  live(now: number, page: { limit: number; after?: CutoffName; newerThan?: number }): Promise<Cutoff[]>;
  /** Live ones that are not marked as cached, whichever replica recorded them. */
  uncached(now: number, limit: number): Promise<Cutoff[]>;
  /** Skips a cut-off that was changed since: the cache does not have the new instants yet. */
  markCached(cutoffs: readonly Cutoff[]): Promise<void>;
  /** Deletes up to `limit` rows with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
