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
  /** Those that ran when they were last looked at. */
  #running = new Set<string>();

  /** The last history of the log to which every replica has appended what it knew. Null: none yet. */
  get history(): string | null { return this.#history; }

  /** `others`: what was read of them after `at` (milliseconds), when this replica's copy was that of `history`. */
  observe(history: string | null, { replicas: others, history: now }: Roster, at: number): void {
    if (history !== now || history === null || history === STANDBY) return; // rows may be missing, as entries may
    const { history: before, at: last, waited: sum } = this.#now;
    const waited = before === history ? sum + Math.min(at - last, STEP) : 0;
    this.#now = { history, at, waited };
    for (const other of others) {
      if (other.beat === LEFT || other.history === history) this.#running.delete(other.id);
      else if (other.history !== null) this.#running.add(other.id);
    }
    const isAlone = this.#history === null && others.every(({ beat }) => beat === LEFT); // it starts
    if (waited >= LIMIT || (this.#running.size === 0 && (isAlone || waited >= GRACE))) this.#history = history;
    // If the database goes back from now on, these are waited for, also if it has lost their rows.
    if (this.#history === history) this.#running = new Set(others.filter(isRunning).map(({ id }) => id));
  }
}

const isRunning = ({ beat, history }: Replica): boolean => beat !== LEFT && history !== null;
