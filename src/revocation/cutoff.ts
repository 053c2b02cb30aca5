/** What a cut-off can end: all tokens under a signing key, of a subject, of a client. */
export type CutoffScope = "kid" | "sub" | "client_id";
export interface CutoffName { scope: CutoffScope; value: string }

/** Ends every token of what it names that was issued before an instant. Instants are epoch milliseconds. */
export interface Cutoff extends CutoffName {
  issuedBefore: number;
  /** From then on no token that it ends can be alive, and it is of no use. */
  expiresAt: number;
}

/**
 * For ever: a cut-off with this instant ends a token whatever time of issue it claims. Finite, because it stands in JSON
 * and in databases, whose clocks end with the year 9999.
 */
export const FOREVER = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The database's part: the truth about cut-offs. */
export interface CutoffJournal {
  /**
   * Durable when it resolves. Of two for the same name the later instants count. The row waits for `markCached` unless
   * `shared`.
   */
  record(cutoff: Cutoff, shared: boolean): Promise<void>;
  /** Those of `names` that exist, in any order. */
  find(names: readonly CutoffName[]): Promise<Cutoff[]>;
  /** Live ones (expiresAt > now) in the order of scope and value; with `newerThan` those with issuedBefore > newerThan. */
  live(now: number, page: { limit: number; after?: CutoffName; newerThan?: number }): Promise<Cutoff[]>;
  /** Live ones that the cache has not confirmed yet, whichever instance recorded them. */
  uncached(now: number, limit: number): Promise<Cutoff[]>;
  /** Leaves alone what was changed since: that has not been shown. */
  markCached(cutoffs: readonly Cutoff[]): Promise<void>;
  /** Deletes up to `limit` rows with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
