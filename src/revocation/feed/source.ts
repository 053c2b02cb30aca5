import type { FeedEvent } from "./event.js";

/** Where the news of all replicas stand in one order. Everything rejects while the source can't be trusted. */
export interface FeedSource {
  /** The place of the newest event, or the source's beginning. */
  head(): Promise<string>;
  /**
   * Up to `limit` events after a place, oldest first. Undefined: what came after it is not known any more, or the place
   * never was one of this source's.
   */
  after(id: string, limit: number): Promise<FeedEvent[] | undefined>;
  /** Resolves when there may be something after a place, when `signal` aborts, after a second at the latest. Never rejects. */
  waitForEvents(id: string, signal: AbortSignal): Promise<void>;
}
