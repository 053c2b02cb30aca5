import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Entry } from "./entry.js";
import type { RevocationLog } from "./log.js";
import { AuthflowError } from "../shared/errors.js";

interface Waiting { entries: readonly Entry[]; resolve: () => void; reject: (cause: unknown) => void }

/** Milliseconds for which a transaction waits for more entries, after one that several calls shared. */
const GATHERING = 1;
/** Entries in one transaction. */
const MAX_BATCH = 1000;

/** Appends to the log. Calls that arrive while one is being written share the next transaction (group commit). */
export class LogWriter {
  readonly #log: Pick<RevocationLog, "append">;
  #waiting: Waiting[] = [];
  #isWriting = false;
  /** Whether the last transaction was shared. */
  #isBusy = false;

  constructor(log: Pick<RevocationLog, "append">) {
    this.#log = log;
  }

  /** Durable when it resolves; all entries of one call are appended or none. Rejects as `RevocationLog.append`. */
  append(entries: readonly Entry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, resolve, reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      // Those who were just answered may log out again: a moment later, many share the transaction instead of one.
      if (this.#isBusy) await sleep(GATHERING);
      else await nextTurn();
      const batch = this.#waiting.splice(0, MAX_BATCH);
      this.#isBusy = batch.length > 1;
      try {
        await this.#log.append(batch.flatMap(({ entries }) => entries));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // One entry that the database can't hold must not fail the others.
        const isOutage = error instanceof AuthflowError && error.code === "temporarily_unavailable";
        if (isOutage || batch.length === 1) for (const { reject } of batch) reject(error);
        else for (const one of batch) await this.#log.append(one.entries).then(one.resolve, one.reject);
      }
    }
    this.#isWriting = false;
  }
}
