/** A list as the database knows it. Indexes of it that no batch names may still be on their way from its owner. */
export interface StoredStatusList {
  size: number;
  /** Its owner wrote down all that it gave away, and gives away nothing more. */
  closed: boolean;
  /** Milliseconds since its owner's last word, by the database's clock, the only one that all replicas share. */
  silentFor: number;
}

/** Records (see record.ts) of tokens of one list, which its owner numbered without a gap. */
export interface StatusBatch { listId: string; sequence: number; records: Uint8Array; expiresAt: number }

/** Instants are epoch milliseconds. */
export interface StatusListStore {
  /** A new, open list, which belongs to who made it. */
  reserve(list: { id: string; size: number; expiresAt: number }): Promise<void>;
  /** The owner's word that it lives. False where the list is gone: it must not be used any more. */
  touch(id: string, expiresAt: number): Promise<boolean>;
  close(id: string): Promise<void>;
  /** Durable when it resolves; repeating a batch is no error. */
  append(batch: StatusBatch): Promise<void>;
  find(id: string): Promise<StoredStatusList | null>;
  /** Batches beyond a sequence number, in their order. */
  batches(listId: string, after: number, limit: number): Promise<StatusBatch[]>;
  /** The indexes of tokens that were revoked one by one, in any order. */
  revoked(listId: string): Promise<number[]>;
  /** Deletes up to `limit` lists, batches and revocations each with expiresAt <= before; returns how many in all. */
  sweep(before: number, limit: number): Promise<number>;
}
