import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

/** Callers of one read. If more shared the last one, the next one waits for others to come: they come often. */
const FEW = 4;
/** Milliseconds that it waits. */
const GATHERING = 1;

/**
 * Gives each caller the outcome of a read that began after its call. Callers that wait for one share it, so that under
 * load a read serves many of them. Rejects if there is no outcome within `limit` milliseconds, and then at once until
 * the late read has ended.
 */
export class JoinedRead<T> {
  readonly #read: () => Promise<T>;
  readonly #limit: number;
  #running: Promise<unknown> = Promise.resolve();
  /** The read that has not begun yet. */
  #next: Promise<T> | undefined;
  #waiting = 0;
  /** Whether many shared the last read. */
  #isBusy = false;
  #isLate = false;

  constructor(read: () => Promise<T>, limit: number) {
    this.#read = read;
    this.#limit = limit;
  }

  run(): Promise<T> {
    if (this.#isLate) return Promise.reject(new Error(`A read has not ended within ${this.#limit} ms`));
    this.#waiting++;
    this.#next ??= this.#plan();
    return this.#next;
  }

  #plan(): Promise<T> {
    const begin = async (previous: Promise<unknown>): Promise<T> => {
      await previous;
      if (this.#isBusy) await sleep(GATHERING);
      else await nextTurn(); // the requests that arrive in this turn of the event loop share the read
      this.#isBusy = this.#waiting > FEW;
      this.#waiting = 0;
      this.#next = undefined;
      return this.#read();
    };
    const outcome = begin(this.#running);
    this.#running = outcome.then(() => undefined, () => undefined).then(() => { this.#isLate = false; });
    return this.#within(outcome);
  }

  #within(outcome: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#isLate = true;
        reject(new Error(`Not read within ${this.#limit} ms`));
      }, this.#limit);
      outcome.finally(() => { clearTimeout(timer); }).then(resolve, reject);
    });
  }
}
