/** A power of two. */
export const SHARDS = 256;

/** A map by text that can be read in parts: all of a large one at once would hold up everything else. */
export class ShardedMap<Value> {
  readonly #shards: Map<string, Value>[] = Array.from({ length: SHARDS }, () => new Map<string, Value>());

  get size(): number { return this.#shards.reduce((sum, { size }) => sum + size, 0); }

  get(key: string): Value | undefined { return this.#shardOf(key).get(key); }
  has(key: string): boolean { return this.#shardOf(key).has(key); }
  set(key: string, value: Value): void { this.#shardOf(key).set(key, value); }
  delete(key: string): void { this.#shardOf(key).delete(key); }

  /** The entries of the shards from `from` to before `to`. */
  * entries(from = 0, to = SHARDS): Generator<[string, Value]> {
    for (const shard of this.#shards.slice(from, to)) yield* shard;
  }

  #shardOf(key: string): Map<string, Value> {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x9e37_79b1);
    return this.#shards[hash >>> 24] as Map<string, Value>;
  }
}
