import { sweepAll } from "../shared/sweep.js";

/** What a journal tells about one kind of entry, and how the shared face shows it. Instants are epoch milliseconds. */
export interface Mirrored<T> {
  /** Tells entries apart, and an entry that changed from what it was. */
  keyOf: (entry: T) => string;
  live: (now: number, page: { limit: number; after?: T }) => Promise<T[]>;
  unshared: (now: number, limit: number) => Promise<T[]>;
  markShared: (entries: T[]) => Promise<void>;
  sweep: (before: number, limit: number) => Promise<number>;
  show: (entries: T[], announced: boolean) => Promise<void>;
}

const PAGE = 2000;
/** Looks at which an entry is left to the replica that recorded it, which shows it at once and says so at its next. */
const PATIENCE = 3;

/** Keeps the shared face up to one kind of journal entry. */
export class Mirror<T> {
  readonly #mirrored: Mirrored<T>;
  #shown: T[] = [];
  /** How often each waiting entry was seen so far. */
  #seen = new Map<string, number>();

  constructor(mirrored: Mirrored<T>) {
    this.#mirrored = mirrored;
  }

  /** Shows and announces an entry at once; the journal is told so later. */
  async show(entry: T): Promise<void> {
    await this.#mirrored.show([entry], true);
    this.#shown.push(entry);
  }

  /** Shows what some replica recorded and could not show. */
  async catchUp(now: number): Promise<void> {
    const { keyOf, markShared, unshared, show } = this.#mirrored;
    const confirmed = this.#shown;
    this.#shown = [];
    if (confirmed.length > 0) await markShared(confirmed);
    const waiting = await unshared(now, PAGE);
    this.#seen = new Map(waiting.map(keyOf).map((key) => [key, (this.#seen.get(key) ?? 0) + 1]));
    const left = waiting.filter((entry) => (this.#seen.get(keyOf(entry)) ?? 0) >= PATIENCE);
    if (left.length === 0) return;
    await show(left, true);
    await markShared(left);
  }

  /** Shows everything anew, which is no news. */
  async fill(now: () => number): Promise<void> {
    let after: T | undefined;
    for (;;) {
      const page = await this.#mirrored.live(now(), { limit: PAGE, ...(after === undefined ? {} : { after }) });
      if (page.length > 0) await this.#mirrored.show(page, false);
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  /** Deletes what expired at or before an instant; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#mirrored.sweep(before, limit));
  }
}
