import { sweepAll } from "../shared/sweep.js";

/** One kind of journal entry, and how it is put into the cache. Instants are epoch milliseconds. */
export interface CachedKind<T> {
  /** Different for different entries, and for two states of an entry that was changed. */
  keyOf: (entry: T) => string;
  live: (now: number, page: { limit: number; after?: T }) => Promise<T[]>;
  uncached: (now: number, limit: number) => Promise<T[]>;
  markCached: (entries: T[]) => Promise<void>;
  sweep: (before: number, limit: number) => Promise<number>;
  put: (entries: T[], published: boolean) => Promise<void>;
}

const PAGE = 2000;
/**
 * The replica that recorded an entry puts it into the cache at once and marks it later. An entry found unmarked in so
 * many reads is put by the reading replica, because the other one may have failed.
 */
const READS_BEFORE_TAKEOVER = 3;

/** Keeps the cache up to date with one kind of journal entry. */
export class CacheWriter<T> {
  readonly #kind: CachedKind<T>;
  #unmarked: T[] = [];
  /** How often each unmarked entry was read so far. */
  #reads = new Map<string, number>();

  constructor(kind: CachedKind<T>) {
    this.#kind = kind;
  }

  /** Puts and publishes an entry at once; it is marked in the journal later. */
  async put(entry: T): Promise<void> {
    await this.#kind.put([entry], true);
    this.#unmarked.push(entry);
  }

  /** Puts the entries that a replica recorded and could not put. */
  async catchUp(now: number): Promise<void> {
    const { keyOf, markCached, uncached, put } = this.#kind;
    const confirmed = this.#unmarked;
    this.#unmarked = [];
    if (confirmed.length > 0) await markCached(confirmed);
    const waiting = await uncached(now, PAGE);
    this.#reads = new Map(waiting.map(keyOf).map((key) => [key, (this.#reads.get(key) ?? 0) + 1]));
    const abandoned = waiting.filter((entry) => (this.#reads.get(keyOf(entry)) ?? 0) >= READS_BEFORE_TAKEOVER);
    if (abandoned.length === 0) return;
    await put(abandoned, true);
    await markCached(abandoned);
  }

  /** Puts all live entries, without publishing them again. */
  async fill(now: () => number): Promise<void> {
    let after: T | undefined;
    for (;;) {
      const page = await this.#kind.live(now(), { limit: PAGE, ...(after === undefined ? {} : { after }) });
      if (page.length > 0) await this.#kind.put(page, false);
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  /** Deletes journal entries that expired at or before an instant; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#kind.sweep(before, limit));
  }
}
