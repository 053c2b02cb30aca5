import type { Client, ClientChange, NewClient } from "./client.js";

/** A client's latest state, or the news that it was deleted. */
export interface ChangedClient { id: string; revision: number; client: Client | null }

/** Where clients are kept. Every write raises the installation's revision in the same transaction. */
export interface ClientStore {
  insert(client: NewClient): Promise<Client>;
  /** One read that costs the same whether or not the client exists. Deleted clients are not found. */
  find(id: string): Promise<Client | null>;
  /** Ascending by id, which is the order of registration; `after` is the last id of the page before. */
  list(page: { limit: number; after?: string }): Promise<Client[]>;
  /**
   * Reads the client under a lock, applies `change` to what it read and writes the outcome, so that concurrent updates
   * never lose one another's effect. Null where there is no such client. `change` may throw: then nothing is written.
   */
  update(id: string, now: number, change: (client: Client) => ClientChange): Promise<Client | null>;
  /** Forgets name, secrets and redirect URIs; keeps the id, which is never given again. False where there is no such client. */
  delete(id: string, now: number): Promise<boolean>;
  /** Every client changed after `revision`, ascending by revision. */
  changedSince(revision: number): Promise<ChangedClient[]>;
}
