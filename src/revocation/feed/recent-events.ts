import type { FeedEvent } from "./event.js";

/** Events kept in memory, for subscribers that are catching up from the source while this replica sends new events. */
const CAPACITY = 10_000;

/** The latest events that this replica has sent. */
export class RecentEvents {
  /** The events after the id `#floor`, up to the id `#position`. */
  #events: FeedEvent[] = [];
  #floor: string;
  #position: string;

  constructor(position: string) {
    this.#floor = this.#position = position;
  }

  /** The id up to which this replica has sent all events. */
  get position(): string { return this.#position; }

  add(events: readonly FeedEvent[]): void {
    this.#position = events.at(-1)?.id ?? this.#position;
    this.#events.push(...events);
    if (this.#events.length <= CAPACITY) return;
    this.#floor = this.#events.splice(0, this.#events.length - CAPACITY).at(-1)?.id ?? this.#floor;
  }

  /** The events sent after an id; undefined if they are not all in memory, or if the id is of another epoch. */
  since(id: string): FeedEvent[] | undefined {
    if (epochOf(id) !== epochOf(this.#position) || id < this.#floor) return undefined;
    return this.#events.filter((event) => event.id > id);
  }
}

const epochOf = (id: string): string => id.slice(0, id.lastIndexOf("."));
