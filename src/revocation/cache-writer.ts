import { sweepAll } from "../shared/sweep.js";

/** What a journal tells about one kind of entry, and how the cache shows it. Instants are epoch milliseconds. */
export interface CachedKind<T> {
  /** Tells entries apart, and an entry that changed from what it was. */
  keyOf: (entry: T) => string;
  live: (now: number, page: { limit: number; after?: T }) => Promise<T[]>;
  uncached: (now: number, limit: number) => Promise<T[]>;
  markCached: (entries: T[]) => Promise<void>;
  sweep: (before: number, limit: number) => Promise<number>;
  show: (entries: T[], announced: boolean) => Promise<void>;
}

const PAGE = 2000;
/** Looks at which an entry is left to the replica that recorded it, which shows it at once and says so at its next. */
const PATIENCE = 3;

/** Keeps the cache up to one kind of journal entry. */
export class CacheWriter<T> {
  readonly #kind: CachedKind<T>;
  #shown: T[] = [];
  /** How often each waiting entry was seen so far. */
  #seen = new Map<string, number>();

  constructor(kind: CachedKind<T>) {
    this.#kind = kind;
  }

  /** Shows and announces an entry at once; the journal is told so later. */
  async show(entry: T): Promise<void> {
    await this.#kind.show([entry], true);
    this.#shown.push(entry);
  }

  /** Shows what some replica recorded and could not show. */
  async catchUp(now: number): Promise<void> {
    const { keyOf, markCached, uncached, show } = this.#kind;
    const confirmed = this.#shown;
    this.#shown = [];
    if (confirmed.length > 0) await markCached(confirmed);
    const waiting = await uncached(now, PAGE);
    this.#seen = new Map(waiting.map(keyOf).map((key) => [key, (this.#seen.get(key) ?? 0) + 1]));
    const left = waiting.filter((entry) => (this.#seen.get(keyOf(entry)) ?? 0) >= PATIENCE);
    if (left.length === 0) return;
    await show(left, true);
    await markCached(left);
  }

  /** Shows everything anew, which is no news. */
  async fill(now: () => number): Promise<void> {
    let after: T | undefined;
    for (;;) {
      const page = await this.#kind.live(now(), { limit: PAGE, ...(after === undefined ? {} : { after }) });
      if (page.length > 0) await this.#kind.show(page, false);
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  /** Deletes what expired at or before an instant; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#kind.sweep(before, limit));
  }
}
