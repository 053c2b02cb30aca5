import type { Client, ClientChange, NewClient } from "./client.js";

/** A client's latest state; `client` is null if it was deleted. */
export interface ChangedClient { id: string; revision: number; client: Client | null }

/** Stores clients. Every write raises the installation's client revision in the same transaction. */
export interface ClientStore {
  insert(client: NewClient): Promise<Client>;
  /**
   * As `insert`, unless `limit` clients that expire are there. Then it resolves to the instant (epoch ms) when the
   * first of them expires. The limit is exact over all replicas: insertions wait for one another.
   */
  insertExpiring(client: NewClient, limit: number): Promise<Client | { fullUntil: number }>;
  /** One read that takes equally long whether or not the client exists. Does not find deleted clients. */
  find(id: string): Promise<Client | null>;
  /** As `find`, for many ids by few reads. */
  findAll(ids: readonly string[]): Promise<Client[]>;
  /** Ascending by id, which is the order of registration; `after` is the last id of the page before. */
  list(page: { limit: number; after?: string }): Promise<Client[]>;
  /**
   * Reads the client under a lock, applies `change` and writes the result, so that no concurrent update is lost. Null
   * if there is no such client. If `change` throws, nothing is written.
   */
  update(id: string, now: number, change: (client: Client) => ClientChange): Promise<Client | null>;
  /** Deletes name, secrets and redirect URIs but keeps the id, so that it is never reused. False: no such client. */
  delete(id: string, now: number): Promise<boolean>;
  /**
   * Deletes up to `limit` clients that expired at or before `before` (epoch ms), without a trace; returns how many. The
   * caches of other replicas learn it from `update`, which does not find the client.
   */
  sweep(before: number, limit: number): Promise<number>;
  /** Every client changed after `revision`, ascending by revision. */
  changedSince(revision: number): Promise<ChangedClient[]>;
}
