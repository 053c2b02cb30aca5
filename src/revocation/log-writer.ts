import { GroupCommit } from "../shared/group-commit.js";
import type { Entry } from "./entry.js";
import type { RevocationLog } from "./log.js";

/** Calls in one transaction. */
const MAX_BATCH = 1000;

/** Appends to the log. Calls that arrive while one is being written share the next transaction. */
export class LogWriter {
  readonly #calls: GroupCommit<readonly Entry[]>;

  constructor(log: Pick<RevocationLog, "append">) {
    this.#calls = new GroupCommit<readonly Entry[]>((calls) => log.append(calls.flat()), MAX_BATCH);
  }

  /** Durable when it resolves; all entries of one call are appended or none. Rejects as `RevocationLog.append`. */
  append(entries: readonly Entry[]): Promise<void> {
    return this.#calls.run(entries);
  }
}
