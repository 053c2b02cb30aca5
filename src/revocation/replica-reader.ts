import type { ReplicaStore, Roster } from "./replica-store.js";

/** Milliseconds between two reads of all beats, for each replica that runs; at least, and at most. */
const [INTERVAL, SHORTEST, LONGEST] = [20, 5000, 20_000];

/**
 * Reads who runs. With a thousand replicas, each of which reads all rows several times a second, it would be millions
 * of rows. So it reads them only if one has changed, and from time to time for their beats.
 */
export class ReplicaReader {
  readonly #store: ReplicaStore;
  /** What was read last, and when; `version`: see ReplicaStore, undefined if it changed meanwhile. */
  #last: { all: Roster; version: string | undefined; at: number } | undefined;

  constructor(store: ReplicaStore) {
    this.#store = store;
  }

  /** All replicas as they are now, except for their beats. `at`: now, in milliseconds. */
  async all(at: number): Promise<Roster> {
    const version = await this.#store.version();
    const last = this.#last;
    if (last?.version === version && at - last.at < intervalFor(last.all.replicas.length)) return last.all;
    const all = await this.#store.all();
    // A failover may bring the version back that there was before a change that `all` shows.
    this.#last = { all, version: await this.#store.version() === version ? version : undefined, at };
    return all;
  }
}

const intervalFor = (replicas: number): number => Math.min(LONGEST, Math.max(SHORTEST, replicas * INTERVAL));
