import type { FeedEvent } from "./event.js";

/** How many stay in memory, for those who read the source while their replica went on. */
const KEPT = 10_000;

/** The latest events that this replica has told. */
export class RecentEvents {
  /** Those after `#floor`, up to `place`. */
  #events: FeedEvent[] = [];
  #floor: string;
  #place: string;

  constructor(place: string) {
    this.#floor = this.#place = place;
  }

  /** Up to where this replica has told everything. */
  get place(): string { return this.#place; }

  add(events: readonly FeedEvent[]): void {
    this.#place = events.at(-1)?.id ?? this.#place;
    this.#events.push(...events);
    if (this.#events.length > KEPT) this.#floor = this.#events.splice(0, this.#events.length - KEPT).at(-1)?.id ?? this.#floor;
  }

  /** What was told after a place; undefined: it can't be said any more, or not yet. */
  since(id: string): FeedEvent[] | undefined {
    if (epochOf(id) !== epochOf(this.#place) || id < this.#floor) return undefined;
    return this.#events.filter((event) => event.id > id);
  }
}

const epochOf = (id: string): string => id.slice(0, id.lastIndexOf("."));
