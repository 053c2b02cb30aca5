import type { Cutoff, CutoffName } from "./cutoff.js";
import type { Revocation } from "./journal.js";

/** What the cache says about one token. */
export interface CachedState {
  /** Whether the token itself is revoked. */
  revoked: boolean;
  /** For each of the given names the instant (epoch ms) before which its tokens are revoked; null: no cut-off. */
  issuedBefore: (number | null)[];
  /**
   * Whether the cache is known to hold everything in the journals. Only then does a missing entry mean "not revoked".
   */
  complete: boolean;
  /** The cache's own clock, epoch ms. Entries that have expired by it are gone. */
  now: number;
}

/**
 * A cache that other services read too: `revoked:<jti>`, and `issued_before:<scope>:<value>` with an instant in epoch
 * ms. Each entry expires when every token that it concerns has expired.
 */
export interface RevocationCache {
  /** Undefined if the cache can't be reached. Never rejects. */
  lookup(jti: string, names: readonly CutoffName[]): Promise<CachedState | undefined>;
  /** Stores revocations until their tokens expire; if `published`, also appends them to the feed. */
  put(revocations: readonly Revocation[], published: boolean): Promise<void>;
  /** As `put`. A later cut-off of the same name stays. */
  putCutoffs(cutoffs: readonly Cutoff[], published: boolean): Promise<void>;
  /** Whether it holds everything in the journals. Rejects if it can't be reached. */
  isComplete(): Promise<boolean>;
  /**
   * Runs `fill`, which puts everything, and then declares the cache complete, unless it lost its contents meanwhile.
   * Resolves to whether it is complete.
   */
  fill(fill: () => Promise<void>): Promise<boolean>;
}
