import { type Clock, STALENESS_LIMIT } from "../shared/clock.js";
import type { Client } from "./client.js";
import { JoinedLookup, type Lookup } from "../shared/joined-lookup.js";
import { RecentlyUsed } from "../shared/recently-used.js";
import type { ClientStore } from "./store.js";

const CAPACITY = 10_000;

/**
 * Clients in use, so that minting needs no database call. If `sync` has not succeeded for `STALENESS_LIMIT`, the cache
 * may be outdated: `get` then returns undefined, and callers use `load`.
 */
export class ClientCache {
  readonly #store: ClientStore;
  readonly #clock: Clock;
  readonly #clients = new RecentlyUsed<Client>(CAPACITY);
  #revision: number;
  #syncedAt: number;
  /** Counts the changes that this replica has noticed. */
  #changes = 0;
  readonly #shared: JoinedLookup<Client>;

  constructor({ store, clock, revision }: { store: ClientStore; clock: Clock; revision: number }) {
    this.#store = store;
    this.#clock = clock;
    this.#revision = revision;
    this.#syncedAt = clock();
    this.#shared = new JoinedLookup((ids) => store.findAll(ids), ({ id }) => id);
  }

  get(id: string): Client | undefined {
    const age = this.#clock() - this.#syncedAt;
    return age >= 0 && age < STALENESS_LIMIT ? this.#clients.get(id) : undefined;
  }

  /** Reads the client from the database. */
  async load(id: string, lookup: Lookup = "own"): Promise<Client | null> {
    const before = this.#changes;
    const client = await (lookup === "own" ? this.#store : this.#shared).find(id);
    // A change that was noticed during the read may be newer than the result.
    if (client !== null && before === this.#changes) this.#clients.set(client.id, client);
    return client;
  }

  /**
   * Stores a client's new state; null: the client was deleted. Of a client that is not in the cache it keeps nothing
   * older than the revision that this replica has seen: the answer to a change may be late, and the client may have
   * changed again since.
   */
  put(id: string, client: Client | null): void {
    this.#changes++;
    const seen = this.#clients.get(id)?.revision ?? this.#revision;
    if (client === null) this.#clients.delete(id);
    else if (client.revision >= seen) this.#clients.set(client.id, client);
  }

  /** Applies the changes up to the installation's client `revision`, which was read at or after `asOf` (epoch ms). */
  async sync(revision: number, asOf: number): Promise<void> {
    if (revision < this.#revision) { // the database was restored from a backup
      this.clear(revision);
    } else if (revision > this.#revision) {
      for (const changed of await this.#store.changedSince(this.#revision)) {
        if (changed.client === null || this.#clients.has(changed.id)) this.put(changed.id, changed.client);
        else this.#changes++;
        this.#revision = Math.max(this.#revision, changed.revision);
      }
    }
    this.#syncedAt = asOf;
  }

  /** Forgets all clients, because the database may hold older ones. `revision`: the installation's client revision. */
  clear(revision: number): void {
    this.#changes++;
    this.#clients.clear();
    this.#revision = revision;
  }
}
