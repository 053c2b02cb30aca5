import { setImmediate as nextTurn } from "node:timers/promises";
import { JoinedRead } from "../shared/joined-read.js";
import type { Entry } from "./entry.js";
import { BEGINNING, hasPlace, isSamePlace, type LogEntry, type Place, type RevocationLog } from "./log.js";
import { RecentEntries } from "./recent-entries.js";
import { RevocationIndex } from "./revocation-index.js";

/** Entries that are read at a time. */
const PAGE = 2000;
/** Milliseconds that a live check waits for the log. */
const READ_LIMIT = 1500;

export interface LogListener {
  /** Entries that were just applied, in order. */
  applied(entries: readonly LogEntry[]): void;
  /** The log is another one than before: it was read anew from its beginning. */
  replaced(): void;
  /** The log had lost entries, and the database commits. What this replica knew of the log is in it again. */
  lost(): void;
}

interface Dependencies {
  log: RevocationLog;
  /** Called with the number of entries that the log had lost and that were appended again. */
  recovered: (entries: number) => void;
}

/** This replica's copy of the log in memory: the index, and the log's end. */
export class LogFollower {
  readonly #dependencies: Dependencies;
  readonly #listeners = new Set<Partial<LogListener>>();
  readonly #reads = new JoinedRead(() => this.#readOn(), READ_LIMIT);
  #index = new RevocationIndex();
  #recent = new RecentEntries();
  #isFilled = false;
  #history: string | null = null;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether the whole log was read once. Before that, the index does not know everything. */
  get isFilled(): boolean { return this.#isFilled; }
  /**
   * The history of the log that was read last; see LogPage. What this replica knew before is in it, also while the rest
   * is still to be read.
   */
  get history(): string | null { return this.#history; }
  get index(): RevocationIndex { return this.#index; }
  get recent(): RecentEntries { return this.#recent; }
  /** Everything up to here is applied. */
  get place(): Place { return this.#recent.place; }

  /**
   * The read barrier: resolves when everything is applied that the log held at the time of the call. Rejects if the
   * log can't be read.
   */
  current(): Promise<void> {
    return this.#reads.run();
  }

  listen(listener: Partial<LogListener>): void {
    this.#listeners.add(listener);
  }

  /** Removes what expired at or before an instant (epoch ms). */
  sweep(before: number): void {
    this.#index.sweep(before);
  }

  async #readOn(): Promise<void> {
    const apply = (entries: readonly LogEntry[], history: string | null): void => {
      this.#history = history;
      this.#apply(entries);
    };
    while (!await readAll(this.#dependencies.log, this.#recent, apply)) await this.#recover();
    this.#isFilled = true;
  }

  /**
   * The log has another entry at this replica's place, or none: it was restored from a backup, or failed over to a
   * server that lacked its last commits. Appends what it lost and this replica still knows.
   */
  async #recover(): Promise<void> {
    const common = await this.#lastCommonPlace();
    const lost = common === undefined ? await this.#recoverAll() : await this.#recoverEnd(common);
    for (const listener of this.#listeners) listener.lost?.();
    if (lost > 0) this.#dependencies.recovered(lost);
  }

  /** The last place of this replica's memory that the log has too; undefined if it has none of them. */
  async #lastCommonPlace(): Promise<Place | undefined> {
    const { log } = this.#dependencies;
    const known = [...this.#recent];
    // Both have the same entries up to some place, and none behind it.
    let [low, high] = [0, known.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (await hasPlace(log, known[middle] as Place)) low = middle + 1;
      else high = middle;
    }
    return known[low - 1];
  }

  /** The log lost its end only. Resolves to the number of entries that were appended again. */
  async #recoverEnd(common: Place): Promise<number> {
    const { log } = this.#dependencies;
    const horizon = await log.horizon();
    const lost = withoutPlaces((this.#recent.since(common) ?? []).filter(({ expiresAt }) => expiresAt > horizon));
    await this.#appendAgain(lost);
    // Read before this memory gives up its own end: the log may lose the entries again.
    const [end, index] = [new RecentEntries(common), new RevocationIndex()];
    const isComplete = await readAll(log, end, (entries) => { for (const entry of entries) index.add(entry); });
    if (!isComplete || !lost.every((entry) => index.includes(entry))) throw new Error(CHANGED);
    this.#recent.truncate(common);
    this.#recent.add([...end]);
    this.#apply([...end]);
    return lost.length;
  }

  /** Resolves to the number of entries that were appended again. */
  async #recoverAll(): Promise<number> {
    const { log } = this.#dependencies;
    let count = 0;
    for (;;) {
      const [index, recent] = [new RevocationIndex(), new RecentEntries()];
      const add = (entries: readonly LogEntry[]): void => { for (const entry of entries) index.add(entry); };
      if (!await readAll(log, recent, add)) throw new Error(CHANGED);
      const lost = await this.#entriesMissingIn(index);
      if (lost.length === 0) {
        [this.#index, this.#recent] = [index, recent];
        for (const listener of this.#listeners) listener.replaced?.();
        return count;
      }
      // Read once more afterwards: this memory is given up only for one that has everything.
      await this.#appendAgain(lost);
      count = lost.length;
    }
  }

  /** Behind this replica's place: no position gets another meaning. */
  async #appendAgain(lost: readonly Entry[]): Promise<void> {
    const { log } = this.#dependencies;
    for (let at = 0; at < lost.length; at += PAGE) await log.append(lost.slice(at, at + PAGE), this.place.position);
  }

  async #entriesMissingIn(index: RevocationIndex): Promise<Entry[]> {
    const horizon = await this.#dependencies.log.horizon();
    const isMissing = (entry: Entry): boolean => entry.expiresAt > horizon && !index.includes(entry);
    // Recent entries also know the token's entry in a status list.
    const recent = withoutPlaces([...this.#recent].filter(isMissing));
    const known = new RevocationIndex();
    for (const entry of recent) known.add(entry);
    return [...recent, ...[...this.#index.entries()].filter((entry) => isMissing(entry) && !known.includes(entry))];
  }

  #apply(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.#index.add(entry);
    for (const listener of this.#listeners) listener.applied?.(entries);
  }
}

const CHANGED = "The revocation log changed while it was read";

/**
 * Reads from the place of `recent` to the log's end, and calls `apply` for each page. Resolves to false if the place is
 * not in the log.
 */
async function readAll(
  log: RevocationLog,
  recent: RecentEntries,
  apply: (entries: readonly LogEntry[], history: string | null) => void,
): Promise<boolean> {
  for (;;) {
    const { place } = recent;
    const { entries: page, history } = await log.read(place.position, PAGE);
    const [first] = page;
    const isBeginning = isSamePlace(place, BEGINNING);
    if (!isBeginning && (first === undefined || !isSamePlace(first, place))) return false;
    const entries = isBeginning ? page : page.slice(1);
    recent.add(entries);
    apply(entries, history);
    if (page.length < PAGE) return true;
    await nextTurn(); // SQLite answers without one: nothing else would run until a long log is read
  }
}

/** Each entry once: several replicas may have appended it again before. */
function withoutPlaces(entries: readonly LogEntry[]): Entry[] {
  const plain = entries.map(({ position: _position, tag: _tag, ...entry }): Entry => entry);
  return [...new Map(plain.map((entry) => [JSON.stringify(entry), entry])).values()];
}
