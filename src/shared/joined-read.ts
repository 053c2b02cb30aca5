import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

/** Callers of one read. If more shared the last one, the next one waits for others to come: they come often. */
const FEW = 4;
/** Milliseconds that it waits. */
const GATHERING = 1;

/**
 * Gives each caller the outcome of a read that began after its call. Callers that wait for one share it, so that under
 * load a read serves many of them. Rejects if there is no outcome within `limit` milliseconds, and then at once until a
 * read has ended in time. One read follows the other meanwhile, so that no caller has to wait for it.
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
    if (this.#isLate) return Promise.reject(new Error(`No read has ended within ${this.#limit} ms`));
    this.#waiting++;
    return this.#next ??= this.#plan();
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
    this.#running = outcome.then(() => undefined, () => undefined).then(() => {
      if (this.#isLate && this.#next === undefined) (this.#next = this.#plan()).catch(() => undefined);
    });
    return this.#within(outcome);
  }

  #within(outcome: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isInTime = true;
      const timer = setTimeout(() => {
        this.#isLate = true;
        isInTime = false;
        reject(new Error(`Not read within ${this.#limit} ms`));
      }, this.#limit);
      outcome.finally(() => {
        clearTimeout(timer);
        if (isInTime) this.#isLate = false;
      }).then(resolve, reject);
    });
  }
}
