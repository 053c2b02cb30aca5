/** A list as the database has it. Its owner may have assigned indexes that it has not recorded in a batch yet. */
export interface StoredStatusList {
  /** The number of indexes. */
  size: number;
  /** Its owner has recorded all assigned indexes and assigns no more. */
  closed: boolean;
  /** Milliseconds since its owner last touched it, by the database's clock, which all replicas share. */
  silentFor: number;
}

/** Records (see record.ts) of tokens of one list. The owner numbers the batches of a list without gaps. */
export interface StatusBatch { listId: string; sequence: number; records: Uint8Array; expiresAt: number }

/** Instants are epoch milliseconds. */
export interface StatusListStore {
  /** Creates an open list, which only its creator may use. */
  reserve(list: { id: string; size: number; expiresAt: number }): Promise<void>;
  /** Reports that the owner is alive. False: the list was deleted and must not be used any more. */
  touch(id: string, expiresAt: number): Promise<boolean>;
  close(id: string): Promise<void>;
  /** Durable when it resolves; repeating a batch is no error. */
  append(batch: StatusBatch): Promise<void>;
  find(id: string): Promise<StoredStatusList | null>;
  /** Batches after a sequence number, in their order. */
  batches(listId: string, after: number, limit: number): Promise<Pick<StatusBatch, "sequence" | "records">[]>;
  /** The indexes of tokens that were revoked one by one (not by a cut-off), in any order. */
  revoked(listId: string): Promise<number[]>;
  /** Deletes up to `limit` lists and as many batches with expiresAt <= before; returns how many in all. */
  sweep(before: number, limit: number): Promise<number>;
}
