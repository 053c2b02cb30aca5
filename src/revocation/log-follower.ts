import { JoinedRead } from "../shared/joined-read.js";
import type { Entry } from "./entry.js";
import { BEGINNING, isSamePlace, type LogEntry, type Place, type RevocationLog } from "./log.js";
import { RecentEntries } from "./recent-entries.js";
import { RevocationIndex } from "./revocation-index.js";

/** Entries that are read at a time. */
const PAGE = 2000;
/** Milliseconds that a live check waits for the log. */
const READ_LIMIT = 2000;

export interface LogListener {
  /** Entries that were just applied, in order. */
  applied(entries: readonly LogEntry[]): void;
  /** The log lost entries: what was applied before may not be in it, and it may hold others. */
  replaced(): void;
}

interface Dependencies {
  log: RevocationLog;
  /** Called with the number of entries that the log had lost and that were appended again. */
  recovered: (entries: number) => void;
}

/** This replica's copy of the log in memory: the index, and the log's end. */
export class LogFollower {
  readonly #dependencies: Dependencies;
  readonly #listeners = new Set<LogListener>();
  readonly #reads = new JoinedRead(() => this.#readOn(), READ_LIMIT);
  #index = new RevocationIndex();
  #recent = new RecentEntries();
  #isFilled = false;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether the whole log was read once. Before that, the index does not know everything. */
  get isFilled(): boolean { return this.#isFilled; }
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

  listen(listener: LogListener): void {
    this.#listeners.add(listener);
  }

  /** Removes what expired at or before an instant (epoch ms). */
  sweep(before: number): void {
    this.#index.sweep(before);
  }

  async #readOn(): Promise<void> {
    const complete = await readAll(this.#dependencies.log, this.#recent, (entries) => {
      for (const entry of entries) this.#index.add(entry);
      for (const listener of this.#listeners) listener.applied(entries);
    });
    if (!complete) await this.#recover();
    this.#isFilled = true;
  }

  /**
   * The log has another entry at this replica's place, or none: it was restored from a backup, or failed over to a
   * server that lacked its last commits. Reads it anew and appends what only this replica still knows.
   */
  async #recover(): Promise<void> {
    const { log, recovered } = this.#dependencies;
    const [index, recent] = [new RevocationIndex(), new RecentEntries()];
    const add = (entries: readonly LogEntry[]): void => { for (const entry of entries) index.add(entry); };
    if (!await readAll(log, recent, add)) throw new Error("The revocation log changed while it was read");
    const lost = await this.#entriesMissingIn(index);
    for (let at = 0; at < lost.length; at += PAGE) await log.append(lost.slice(at, at + PAGE), this.place.position);
    // Only now: until everything is in the log again, this replica's memory must not lose it.
    [this.#index, this.#recent] = [index, recent];
    await readAll(log, recent, add);
    recovered(lost.length);
    for (const listener of this.#listeners) listener.replaced();
  }

  async #entriesMissingIn(index: RevocationIndex): Promise<Entry[]> {
    const horizon = await this.#dependencies.log.horizon();
    const isMissing = (entry: Entry): boolean => entry.expiresAt > horizon && !index.includes(entry);
    // The recent ones first: they also know their entry in a status list.
    const recent = [...this.#recent].filter(isMissing).map(withoutPlace);
    const named = new Set(recent.map(({ scope, value }) => `${scope}:${value}`));
    const older = [...this.#index.entries()]
      .filter((entry) => !named.has(`${entry.scope}:${entry.value}`) && isMissing(entry));
    return [...recent, ...older];
  }
}

/**
 * Reads from the place of `recent` to the log's end. Resolves to false if the place is not in the log.
 */
async function readAll(
  log: RevocationLog,
  recent: RecentEntries,
  apply: (entries: readonly LogEntry[]) => void,
): Promise<boolean> {
  for (;;) {
    const { place } = recent;
    const page = await log.read(place.position, PAGE);
    const [first] = page;
    const isBeginning = isSamePlace(place, BEGINNING);
    if (!isBeginning && (first === undefined || !isSamePlace(first, place))) return false;
    const entries = isBeginning ? page : page.slice(1);
    if (entries.length > 0) {
      recent.add(entries);
      apply(entries);
    }
    if (page.length < PAGE) return true;
  }
}

const withoutPlace = ({ position: _position, tag: _tag, ...entry }: LogEntry): Entry => entry;
