import { randomInt } from "node:crypto";
import { encodeToken, type RecordedToken } from "./record.js";
import { LIST_SIZE } from "./status-list.js";
import type { StatusBatch, StatusListStore } from "./store.js";

/** Milliseconds after which the owner touches its list again. */
const TOUCH_INTERVAL = 3000;

/** A list whose indexes only this process assigns. */
export class ReservedList {
  readonly id: string;
  readonly #free = Uint32Array.from({ length: LIST_SIZE }, (_, index) => index);
  #left = LIST_SIZE;
  #records: Buffer[] = [];
  #expiresAt = 0;
  #sequence = 0;
  /** A batch that may or may not have been stored; it is sent again unchanged. */
  #unconfirmed: StatusBatch | undefined;
  /** When the list was last touched in the database (epoch ms). */
  touchedAt: number;
  /** When an index was last taken (epoch ms). */
  takenAt: number;

  constructor(id: string, reservedAt: number) {
    this.id = id;
    this.touchedAt = reservedAt;
    this.takenAt = reservedAt;
  }

  /** How many indexes are free. */
  get left(): number { return this.#left; }

  /**
   * Takes a free index at random, so that an index does not reveal when, or together with which others, its token was
   * issued (Token Status List §13.2). Undefined: none is left.
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
    this.#records.push(encodeToken(token)); // in one batch, if it is more than one record
    this.#expiresAt = Math.max(this.#expiresAt, expiresAt);
  }

  /** Stores the records, and touches the list if it is time. False: the list was deleted. */
  async flush(store: StatusListStore, now: number, expiresAt: number): Promise<boolean> {
    await this.storeRecords(store);
    const age = now - this.touchedAt;
    if (age >= 0 && age < TOUCH_INTERVAL) return true;
    const exists = await store.touch(this.id, expiresAt);
    if (exists) this.touchedAt = now;
    return exists;
  }

  async storeRecords(store: StatusListStore): Promise<void> {
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
  }

  /** Whether all records are stored. */
  get isFlushed(): boolean { return this.#unconfirmed === undefined && this.#records.length === 0; }
}
