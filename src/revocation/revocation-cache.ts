import type { Cutoff, CutoffName } from "./cutoff.js";
import type { Revocation } from "./journal.js";

/** What the cache tells about one token. */
export interface CachedState {
  /** Whether the token itself is revoked. */
  revoked: boolean;
  /** For each name asked about the instant (epoch ms) before which its tokens are ended; null: no cut-off is shown. */
  issuedBefore: (number | null)[];
  /** Whether the cache is known to hold all that the journal holds: only then does what is missing mean anything. */
  complete: boolean;
  /** The cache's own clock, epoch ms: what expired by it is not shown any more. */
  now: number;
}

/**
 * What every service that shares it can read at once: `revoked:<jti>`, and `issued_before:<scope>:<value>` with an
 * instant in epoch ms; each is gone by itself when no token can need it.
 */
export interface RevocationCache {
  /** Undefined: out of reach. Never rejects. */
  lookup(jti: string, names: readonly CutoffName[]): Promise<CachedState | undefined>;
  /**
   * Resolves when all of them stand in it, each until its token expires, and, if they are to be announced, in the feed.
   */
  show(revocations: readonly Revocation[], announced: boolean): Promise<void>;
  /** As `show`; a later cut-off that stands there already stays. */
  showCutoffs(cutoffs: readonly Cutoff[], announced: boolean): Promise<void>;
  /** Whether it holds all that the journal holds. Rejects when out of reach. */
  isComplete(): Promise<boolean>;
  /**
   * Runs `fill`, which shows everything, and then declares the cache complete — unless it lost its contents meanwhile.
   * Resolves to whether it is complete now.
   */
  fill(fill: () => Promise<void>): Promise<boolean>;
}
