import type { Entry, Name } from "./entry.js";
import type { Place } from "./log.js";

/** What an outlet says of itself. */
export interface OutletState {
  /** It holds every entry up to there. Undefined if it lost its contents or was never filled. */
  place: Place | undefined;
  /** Its own clock, epoch ms: entries that have expired by it are gone. */
  now: number;
}

/**
 * A store outside the database that other services read (Redis). It follows the log from its own place. Its contents
 * never decide that a token is valid.
 */
export interface RevocationOutlet {
  /** Whether it says that a token is revoked; undefined if it does not answer in time. Never rejects. */
  isRevoked(jti: string): Promise<boolean | undefined>;
  /** Whether it shows that one of `names` was revoked for tokens issued at an instant. Rejects if it can't be reached. */
  shows(names: readonly Name[], issuedAt: number): Promise<boolean>;
  /** Adds entries, which may be ahead of its place. */
  put(entries: readonly Entry[]): Promise<void>;
  /** Rejects if it can't be reached, or could not store a revocation. */
  state(): Promise<OutletState>;
  /** Adds the entries that follow `from` and moves its place, unless that has changed since. */
  advance(entries: readonly Entry[], from: Place, to: Place): Promise<void>;
  /** Forgets its place. */
  invalidate(): Promise<void>;
  /** Everything that it holds, in pages. */
  entries(): AsyncIterable<Entry[]>;
  /**
   * Puts all entries and then sets the place, unless it lost its contents meanwhile or another process is filling it.
   */
  fill(entries: Iterable<Entry>, place: Place): Promise<void>;
}
