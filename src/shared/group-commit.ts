import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { AuthflowError } from "./errors.js";

interface Waiting<Item, Outcome> {
  item: Item;
  resolve: (outcome: Outcome) => void;
  reject: (cause: unknown) => void;
}

type Write<Item, Outcome> = (items: readonly Item[]) => Promise<[Outcome] extends [void] ? void : readonly Outcome[]>;

/**
 * After a transaction that several calls shared, the next one waits for as long as more come: this many milliseconds
 * for the next one, and this many times.
 */
const [GATHERING, GATHERINGS] = [1, 5];

/**
 * Writes items to the database. Calls that arrive while a transaction is being written share the next one. `write`
 * writes all items of a call or none, and resolves to the outcome of each, if they have one.
 */
export class GroupCommit<Item, Outcome = void> {
  readonly #write: Write<Item, Outcome>;
  /** Items in one transaction. */
  readonly #most: number;
  #waiting: Waiting<Item, Outcome>[] = [];
  #isWriting = false;
  /** Whether the last transaction was shared. */
  #isBusy = false;

  constructor(write: Write<Item, Outcome>, most = 100) {
    this.#write = write;
    this.#most = most;
  }

  /** The item is durable when it resolves. Rejects as `write`. */
  run(item: Item): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#waiting.splice(0, this.#most);
      this.#isBusy = batch.length > 1;
      await this.#writeBatch(batch);
    }
    this.#isWriting = false;
  }

  /** Those who were just answered may ask again: a moment later, many share the transaction instead of some. */
  async #gather(): Promise<void> {
    if (!this.#isBusy) return void await nextTurn();
    for (let times = 0, before = 0; times < GATHERINGS && before < this.#waiting.length; times++) {
      before = this.#waiting.length;
      await sleep(GATHERING);
    }
  }

  async #writeBatch(batch: Waiting<Item, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.#write(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, i) => { resolve(outcomes?.[i] as Outcome); });
    } catch (error) {
      // One item that the database can't hold must not fail the others.
      const isOutage = error instanceof AuthflowError && error.code === "temporarily_unavailable";
      if (isOutage || batch.length === 1) for (const { reject } of batch) reject(error);
      else for (const one of batch) await this.#writeBatch([one]);
    }
  }
}
