import { AuthflowError, unavailable } from "../shared/errors.js";
import { GroupCommit } from "../shared/group-commit.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import type { Entry } from "./entry.js";
import type { RevocationLog } from "./log.js";
import type { LogFollower } from "./log-follower.js";
import type { RevocationState } from "./revocation-state.js";

/** Calls in one transaction. */
const MAX_BATCH = 1000;

interface Dependencies {
  log: Pick<RevocationLog, "append">;
  follower: LogFollower;
  state: Pick<RevocationState, "areInLog">;
}

/** Entries that are appended together. Not if the log has revoked `token` already. */
interface Call { entries: readonly Entry[]; token: VerifiedToken | undefined }

/**
 * Appends to the log. Calls that arrive while one is being written share the next transaction, and the reads of the log
 * before and after it.
 */
export class LogWriter {
  readonly #dependencies: Dependencies;
  readonly #calls = new GroupCommit<Call, boolean>((calls) => this.#write(calls), MAX_BATCH);

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Appends all entries of a call or none. They are durable, and in this replica's memory, when it resolves. If the log
   * has revoked `token` already, it appends nothing and resolves to false. Rejects with temporarily_unavailable.
   */
  append(entries: readonly Entry[], token?: VerifiedToken): Promise<boolean> {
    return this.#calls.run({ entries, token }).catch((cause: unknown) => {
      throw cause instanceof AuthflowError ? cause : unrecorded(cause);
    });
  }

  async #write(calls: readonly Call[]): Promise<boolean[]> {
    const { log, state } = this.#dependencies;
    const presented = calls.flatMap(({ token }) => token ?? []);
    const revoked = presented.length === 0 ? [] : await state.areInLog(presented);
    const known = new Set(presented.filter((_, i) => revoked[i]));
    const isNew = calls.map(({ token }) => token === undefined || !known.has(token));
    const entries = calls.flatMap((call, i) => (isNew[i] === true ? call.entries : []));
    if (entries.length > 0) {
      await log.append(entries).catch((cause: unknown) => {
        throw cause instanceof AuthflowError ? unrecorded(cause) : cause; // else it may be one entry that is at fault
      });
      await this.#keep(entries);
    }
    return isNew;
  }

  /**
   * Resolves when this replica's memory has the entries: the log may lose its last commits in a failover, and gets them
   * back from there.
   */
  async #keep(entries: readonly Entry[]): Promise<void> {
    const { follower } = this.#dependencies;
    if (!follower.isFilled) return; // while it is being filled, or in a process that ends after this call
    await follower.current().catch(unconfirmed);
    if (!entries.every((entry) => follower.index.includes(entry))) unconfirmed();
  }
}

const unrecorded = (cause: unknown): AuthflowError => unavailable("The logout could not be recorded: try again", cause);

/** The entries are in the log, but not yet everywhere where they must be before this is acknowledged. */
export function unconfirmed(cause?: unknown): never {
  throw unavailable(
    "The logout is recorded, but has not reached every service yet: try again until it is confirmed",
    cause,
  );
}
