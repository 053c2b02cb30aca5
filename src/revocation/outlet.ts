import type { Entry, Name } from "./entry.js";
import type { Place } from "./log.js";

/** What an outlet says of itself. */
export interface OutletState {
  /** It holds every entry up to there. Undefined if it lost its contents or was never filled. */
  place: Place | undefined;
  /** Its own clock, epoch ms: entries that have expired by it are gone. */
  now: number;
  /** Entries that were put and not confirmed since: they may be ahead of its place. The log had them at that time. */
  unconfirmed: readonly Entry[];
}

/**
 * A store outside the database that other services read (Redis). It follows the log from its own place. Its contents
 * never decide that a token is valid.
 */
export interface RevocationOutlet {
  /** Which store answers, with which history of its contents; undefined while that is not known. */
  readonly identity: string | undefined;
  /**
   * Whether it says that one of `names` was revoked for tokens issued at an instant (epoch ms); undefined if it does
   * not answer in time, or if it has no entry and does not hold the log up to any place. Never rejects.
   */
  isRevoked(names: readonly Name[], issuedAt: number): Promise<boolean | undefined>;
  /** Adds entries, which may be ahead of its place, and remembers them as `unconfirmed` until `confirm`. */
  put(entries: readonly Entry[]): Promise<void>;
  /** Rejects if it can't be reached, or could not store a revocation. */
  state(): Promise<OutletState>;
  /** Adds the entries that follow `from` and moves its place, unless that has changed since. */
  advance(entries: readonly Entry[], from: Place, to: Place): Promise<void>;
  /** Forgets that entries are unconfirmed: its place covers them. */
  confirm(entries: readonly Entry[]): Promise<void>;
  /** Forgets its place. */
  invalidate(): Promise<void>;
  /** Everything that it holds, in pages. */
  entries(): AsyncIterable<Entry[]>;
  /**
   * Unless another process does the same: gets the contents, puts all entries and then sets the place, unless it lost
   * its contents meanwhile.
   */
  fill(contents: () => Promise<OutletContents>): Promise<void>;
}

/** What an outlet must hold, and the place that this stands for. */
export interface OutletContents { entries: Iterable<Entry>; place: Place }
