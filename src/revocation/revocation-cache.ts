import type { Cutoff, CutoffName } from "./cutoff.js";
import type { Revocation } from "./journal.js";

/** What the cache holds about one token. */
export interface CachedState {
  /** Whether the token itself is revoked. */
  revoked: boolean;
  /** For each name asked about the instant (epoch ms) before which its tokens are ended; null: it holds no cut-off. */
  issuedBefore: (number | null)[];
  /** Whether the cache is known to hold all that the journal holds: only then does an absence mean anything. */
  complete: boolean;
  /** The cache's own clock, epoch ms: what expired by it is not held any more. */
  now: number;
}

/**
 * What every service that shares it can read at once: `revoked:<jti>`, and `issued_before:<scope>:<value>` with an
 * instant in epoch ms; each is gone by itself when no token can need it.
 */
export interface RevocationCache {
  /** Undefined: out of reach. Never rejects. */
  lookup(jti: string, names: readonly CutoffName[]): Promise<CachedState | undefined>;
  /** Resolves when it holds all of them, each until its token expires, and, if `published`, the feed does too. */
  put(revocations: readonly Revocation[], published: boolean): Promise<void>;
  /** As `put`; a later cut-off that it holds already stays. */
  putCutoffs(cutoffs: readonly Cutoff[], published: boolean): Promise<void>;
  /** Whether it holds all that the journal holds. Rejects when out of reach. */
  isComplete(): Promise<boolean>;
  /**
   * Runs `fill`, which puts everything, and then declares the cache complete, unless it lost its contents meanwhile.
   * Resolves to whether it is complete now.
   */
  fill(fill: () => Promise<void>): Promise<boolean>;
}
