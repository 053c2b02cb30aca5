/** A power of two: of ten million entries, a shard has about 2,400. */
export const SHARDS = 4096;

/** A map by text that can be read in parts: all of a large one at once would hold up everything else. */
export class ShardedMap<Value> {
  /** Undefined: nothing was in it yet. */
  readonly #shards: (Map<string, Value> | undefined)[] = Array<undefined>(SHARDS).fill(undefined);

  get size(): number { return this.#shards.reduce((sum, shard) => sum + (shard?.size ?? 0), 0); }

  get(key: string): Value | undefined { return this.#shards[shardOf(key)]?.get(key); }
  has(key: string): boolean { return this.#shards[shardOf(key)]?.has(key) === true; }
  set(key: string, value: Value): void { (this.#shards[shardOf(key)] ??= new Map<string, Value>()).set(key, value); }
  delete(key: string): void { this.#shards[shardOf(key)]?.delete(key); }

  /** The entries of the shards from `from` to before `to`. */
  * entries(from = 0, to = SHARDS): Generator<[string, Value]> {
    for (const shard of this.#shards.slice(from, to)) if (shard !== undefined) yield* shard;
  }
}

function shardOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x9e37_79b1);
  return Math.floor((hash >>> 0) / 2 ** 32 * SHARDS);
}
