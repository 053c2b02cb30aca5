import { STANDBY } from "./log.js";
import { LEFT, type Replica, type Roster } from "./replica-store.js";

/** Milliseconds for which a replica that says nothing is waited for: it may be gone. */
const LIMIT = 5000;
/** Milliseconds for which all wait: the server may have lost the rows of replicas that nobody here has seen. */
const GRACE = 500;
/** Milliseconds between two looks that count. After more, the machine may have stood still, and the others with it. */
const STEP = 1000;

/**
 * Whether the log has all that a replica still knows. When the database has gone back, it may lack the last commits.
 * Each replica then appends what its memory has and the log lacks, and says in its row that it did so.
 */
export class Takeover {
  #history: string | null = null;
  /** Where the log is now, when that was last looked at, and for how long the others have been waited for. */
  #now = { history: "", at: 0, waited: 0 };
  /** Those that ran when they were last looked at: if the database goes back, it may lose their rows. */
  #seen = new Set<string>();
  /** Those that are waited for. */
  readonly #awaited = new Set<string>();

  /** The last history of the log to which every replica has appended what it knew. Null: none yet. */
  get history(): string | null { return this.#history; }

  /**
   * `all`: who ran after `at` (milliseconds), when the copy of the log of this replica, `own`, was that of `history`.
   * The time in which this replica can't say so in its row does not count: others can't either.
   */
  observe(history: string | null, { replicas: all, history: now }: Roster, own: string, at: number): void {
    const others = all.filter(({ id }) => id !== own);
    const running = others.filter(isRunning).map(({ id }) => id);
    if (history !== now || history === null || history === STANDBY) { // rows may be missing, as entries may
      for (const id of running) this.#seen.add(id);
      return;
    }
    const isSaid = all.some((replica) => replica.id === own && replica.history === history);
    const { history: before, at: last, waited: sum } = this.#now;
    const waited = before === history ? sum + (isSaid ? Math.min(at - last, STEP) : 0) : 0;
    this.#now = { history, at, waited };
    if (before !== history) for (const id of this.#seen) this.#awaited.add(id);
    for (const other of others) {
      if (other.beat === LEFT || other.history === history) this.#awaited.delete(other.id);
      else if (other.history !== null) this.#awaited.add(other.id);
    }
    this.#seen = new Set(running);
    const isAlone = this.#history === null && others.every(({ beat }) => beat === LEFT); // it starts
    if (waited < LIMIT && (this.#awaited.size > 0 || (waited < GRACE && !isAlone))) return;
    this.#awaited.clear();
    this.#history = history;
  }
}

const isRunning = ({ beat, history }: Replica): boolean => beat !== LEFT && history !== null;
