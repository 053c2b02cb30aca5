import { BEGINNING, isSamePlace, type LogEntry, type Place } from "./log.js";

/** Entries kept, about 10 MB. */
const CAPACITY = 50_000;

/** The end of the log in memory, for outlets that continue from a place not long ago. */
export class RecentEntries {
  /** The entries behind `#floor`, in order. */
  #entries: LogEntry[] = [];
  #floor: Place;

  /** Starts behind `floor`. */
  constructor(floor: Place = BEGINNING) {
    this.#floor = floor;
  }

  /** The place behind the last entry. */
  get place(): Place { return this.#entries.at(-1) ?? this.#floor; }

  add(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#entries.push(entry);
    if (this.#entries.length <= 1.2 * CAPACITY) return;
    this.#floor = this.#entries.splice(0, this.#entries.length - CAPACITY).at(-1) as LogEntry;
  }

  /** The entries behind a place; undefined if they are not all here, or if the place is not one of this log. */
  since(place: Place): LogEntry[] | undefined {
    if (isSamePlace(place, this.place)) return [];
    if (isSamePlace(place, this.#floor)) return this.#entries.slice();
    const at = this.#indexOf(place.position);
    const found = this.#entries[at];
    return found !== undefined && isSamePlace(found, place) ? this.#entries.slice(at + 1) : undefined;
  }

  /** Forgets the entries behind a place, which must be one that `since` knows. */
  truncate(place: Place): void {
    this.#entries.length -= this.since(place)?.length ?? 0;
  }

  * [Symbol.iterator](): Generator<LogEntry> {
    yield* this.#entries;
  }

  /** The index of the first entry at `position` or behind it. */
  #indexOf(position: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as LogEntry).position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
