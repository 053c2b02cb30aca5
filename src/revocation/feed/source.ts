import type { FeedEvent } from "./event.js";

/** Holds the events of all replicas in one order. Everything rejects while the source can't be trusted. */
export interface FeedSource {
  /** The place of the newest event, or the source's beginning. */
  head(): Promise<string>;
  /**
   * Up to `limit` events after a place, oldest first. Undefined: what came after it is not known any more, or the place
   * never was one of this source's.
   */
  after(id: string, limit: number): Promise<FeedEvent[] | undefined>;
  /** Resolves when there may be events after a place, when `signal` aborts, after a second at most. Never rejects. */
  waitForEvents(id: string, signal: AbortSignal): Promise<void>;
}

/** The feed where there is no Redis: every revocation takes the next place, in the transaction that records it. */
export interface FeedJournal extends FeedSource {
  /** Gives up all places: what happens from now on will not be sent from here. */
  abandon(): Promise<void>;
  /** Forgets all but the latest `keep` events, and the place from which they can be sent. */
  sweep(keep: number): Promise<number>;
}
