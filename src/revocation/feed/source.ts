import type { FeedEvent } from "./event.js";

/** Holds the events of all replicas in one order. `head` and `after` reject while the source can't be trusted. */
export interface FeedSource {
  /** The id of the newest event, or of the source's beginning. */
  head(): Promise<string>;
  /**
   * Up to `limit` events after an id, oldest first. Undefined if the events after it were deleted, or if the id is not
   * one of this source.
   */
  after(id: string, limit: number): Promise<FeedEvent[] | undefined>;
  /** Resolves when there may be events after an id, when `signal` aborts, or after 2 seconds at most. Never rejects. */
  waitForEvents(id: string, signal: AbortSignal): Promise<void>;
}

/** The source without Redis: each revocation gets the next position, in the transaction that records it. */
export interface FeedJournal extends FeedSource {
  /** Makes all earlier ids invalid, because later events will come from another source. */
  abandon(): Promise<void>;
  /** Deletes all but the latest `keep` events; returns how many. */
  sweep(keep: number): Promise<number>;
}
