import { randomInt } from "node:crypto";
import { encodeRecord, type RecordedToken } from "./record.js";
import { LIST_SIZE } from "./status-list.js";
import type { StatusBatch, StatusListStore } from "./store.js";

/** Milliseconds after which the owner says again that it lives, where it has nothing else to say. */
const TOUCH_EVERY = 3000;

/** A list whose indexes this process alone gives away. */
export class ReservedList {
  readonly id: string;
  readonly #free = Uint32Array.from({ length: LIST_SIZE }, (_, index) => index);
  #left = LIST_SIZE;
  #records: Buffer[] = [];
  #expiresAt = 0;
  #sequence = 0;
  /** What is on its way: it is sent again as it is, because nobody knows whether it arrived. */
  #unconfirmed: StatusBatch | undefined;
  /** Epoch ms of the last word that the database took. */
  touchedAt: number;
  /** Epoch ms. */
  takenAt: number;

  constructor(id: string, reservedAt: number) {
    this.id = id;
    this.touchedAt = reservedAt;
    this.takenAt = reservedAt;
  }

  get left(): number { return this.#left; }

  /**
   * An index that nobody has, at random: neighbours in a list are no neighbours in time, so that an index says nothing
   * about when its token was issued, or along with whose (Token Status List §13.2). Undefined: none is left.
   */
  take(now: number): number | undefined {
    if (this.#left === 0) return undefined;
    const at = randomInt(this.#left);
    const index = this.#free[at];
    this.#free[at] = this.#free[--this.#left] as number;
    this.takenAt = now;
    return index;
  }

  record(token: RecordedToken, expiresAt: number): void {
    this.#records.push(encodeRecord(token));
    this.#expiresAt = Math.max(this.#expiresAt, expiresAt);
  }

  /** Writes down what was recorded, and says that this process lives. False: the list is gone. */
  async flush(store: StatusListStore, now: number, expiresAt: number): Promise<boolean> {
    if (this.#unconfirmed === undefined && this.#records.length > 0) {
      this.#unconfirmed = {
        listId: this.id, sequence: this.#sequence++, records: Buffer.concat(this.#records), expiresAt: this.#expiresAt,
      };
      this.#records = [];
    }
    if (this.#unconfirmed !== undefined) {
      await store.append(this.#unconfirmed);
      this.#unconfirmed = undefined;
    }
    const age = now - this.touchedAt;
    if (age >= 0 && age < TOUCH_EVERY) return true;
    const lives = await store.touch(this.id, expiresAt);
    if (lives) this.touchedAt = now;
    return lives;
  }

  /** Whether all that was recorded is written down. */
  get isFlushed(): boolean { return this.#unconfirmed === undefined && this.#records.length === 0; }
}
