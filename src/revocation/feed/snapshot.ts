import type { Clock } from "../../shared/clock.js";
import { MAX_CLOCK_ERROR } from "../../shared/clock.js";
import type { Entry } from "../entry.js";
import type { Place } from "../log.js";
import type { LogFollower } from "../log-follower.js";
import type { RevocationIndex } from "../revocation-index.js";
import { SHARDS } from "../sharded-map.js";
import { type FeedMessage, messagesOf } from "./event.js";

/** Entries of a part, about. */
const PART = 2000;
/** Parts kept for other subscribers, about 20 MB. */
const CAPACITY = 64;
/** Milliseconds for which a part is kept: later, more and more of it has expired, or follows it one by one. */
const KEPT_FOR = 10_000;

/** A part of everything revoked. The log continues after `place`. */
export interface SnapshotPart { messages: readonly FeedMessage[]; place: Place }

/**
 * Everything revoked, from memory and in parts. Subscribers that need one at about the same time share its parts: the
 * work and the memory do not grow with their number.
 */
export class Snapshot {
  readonly #follower: LogFollower;
  readonly #clock: Clock;
  readonly #parts = new Map<string, SnapshotPart & { madeAt: number }>();

  constructor(follower: LogFollower, clock: Clock) {
    this.#follower = follower;
    this.#clock = clock;
  }

  /** The parts in their order. The cut-offs come first: they are few and revoke many tokens. */
  * parts(): Generator<SnapshotPart> {
    const { cutoffCount, tokenCount } = this.#follower.index;
    yield* this.#inParts("cutoffs", cutoffCount);
    yield* this.#inParts("tokens", tokenCount);
  }

  * #inParts(kind: "cutoffs" | "tokens", count: number): Generator<SnapshotPart> {
    let parts = 1;
    while (parts < SHARDS && count > parts * PART) parts *= 2;
    for (let part = 0; part < parts; part++)
      yield this.#part(`${kind} ${part}/${parts}`, (index) => index[kind](part, parts));
  }

  /** To be called when the log was replaced. */
  clear(): void {
    this.#parts.clear();
  }

  #part(key: string, entries: (index: RevocationIndex) => Iterable<Entry>): SnapshotPart {
    const kept = this.#parts.get(key);
    const now = this.#clock();
    // Usable as long as memory has what was revoked since.
    const isUsable = kept !== undefined && Math.abs(now - kept.madeAt) < KEPT_FOR
      && this.#follower.recent.since(kept.place) !== undefined;
    if (isUsable) return kept;
    this.#parts.delete(key);
    const { index, place } = this.#follower; // both of one state: the index is another one once the log was replaced
    const part = { messages: messagesOf(this.#live(entries(index))), place, madeAt: now };
    this.#parts.set(key, part);
    if (this.#parts.size > CAPACITY) this.#parts.delete(this.#parts.keys().next().value as string);
    return part;
  }

  * #live(entries: Iterable<Entry>): Generator<Entry> {
    const expired = this.#clock() - MAX_CLOCK_ERROR;
    for (const entry of entries) if (entry.expiresAt > expired) yield entry;
  }
}
