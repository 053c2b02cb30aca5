import { ShardedMap, SHARDS } from "./sharded-map.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** 32-bit words of a slot: the UUID's four, and the expiry in seconds. An expiry of 0 marks a free slot. */
const SLOT = 5;
const MAX_LOAD = 0.8;
const GROWTH = 1.5;
const SMALLEST = 8;
/** Seconds. Expiries beyond this (the year 2106) are stored as this, which marks an entry that is never swept. */
const LATEST = 0xffff_ffff;

interface Shard { words: Uint32Array; capacity: number; used: number }

/**
 * Revoked tokens by `jti`, each with its expiry. A UUID in its canonical form takes about 30 bytes; any other text is
 * kept in a map. An expiry is rounded up to a second. Each shard grows alone, so that growing never needs much memory.
 */
export class TokenTable {
  readonly #shards: Shard[] = Array<Shard>(SHARDS).fill(EMPTY);
  readonly #others = new ShardedMap<number>();
  readonly #key = new Uint32Array(4);

  get size(): number { return this.#shards.reduce((sum, { used }) => sum + used, this.#others.size); }

  /** `expiresAt` is epoch ms. Returns whether the token was not there before; the later expiry stays. */
  add(jti: string, expiresAt: number): boolean {
    if (!this.#parse(jti)) {
      const known = this.#others.get(jti);
      this.#others.set(jti, Math.max(known ?? 0, expiresAt));
      return known === undefined;
    }
    const expiry = Math.min(Math.max(Math.ceil(expiresAt / 1000), 1), LATEST);
    const hash = hashOf(this.#key);
    const number = hash % SHARDS;
    let shard = this.#shards[number] as Shard;
    if (shard.used >= shard.capacity * MAX_LOAD) {
      shard = resized(shard, Math.max(SMALLEST, Math.ceil(shard.capacity * GROWTH)));
      this.#shards[number] = shard;
    }
    return put(shard, this.#key, hash, expiry);
  }

  has(jti: string): boolean {
    if (!this.#parse(jti)) return this.#others.has(jti);
    const hash = hashOf(this.#key);
    const { words, capacity } = this.#shards[hash % SHARDS] as Shard;
    return capacity > 0 && words[find(words, capacity, this.#key, hash) * SLOT + 4] !== 0;
  }

  /** The tokens of some shards. Expiries are epoch ms. */
  * entries(from = 0, to = SHARDS): Generator<{ jti: string; expiresAt: number }> {
    for (const [jti, expiresAt] of this.#others.entries(from, to)) yield { jti, expiresAt };
    for (const { words } of this.#shards.slice(from, to)) {
      for (let at = 0; at < words.length; at += SLOT) {
        const expiry = words[at + 4] as number;
        if (expiry !== 0) yield { jti: toUuid(words, at), expiresAt: expiry * 1000 };
      }
    }
  }

  /** Removes the tokens that expired at or before an instant (epoch ms). */
  sweep(before: number): void {
    for (const [jti, expiresAt] of this.#others.entries()) if (expiresAt <= before) this.#others.delete(jti);
    this.#shards.forEach((shard, number) => {
      const { words } = shard;
      let expired = 0;
      for (let at = 4; at < words.length; at += SLOT) if (isExpired(words[at] as number, before)) expired++;
      const capacity = Math.ceil((shard.used - expired) / MAX_LOAD * 1.2);
      if (expired > 0) this.#shards[number] = resized(shard, capacity, before);
    });
  }

  /** Reads a canonical UUID into `#key`; false for any other text. */
  #parse(jti: string): boolean {
    if (!UUID.test(jti)) return false;
    this.#key[0] = Number.parseInt(jti.slice(0, 8), 16);
    this.#key[1] = Number.parseInt(jti.slice(9, 13) + jti.slice(14, 18), 16);
    this.#key[2] = Number.parseInt(jti.slice(19, 23) + jti.slice(24, 28), 16);
    this.#key[3] = Number.parseInt(jti.slice(28), 16);
    return true;
  }
}

const isExpired = (expiry: number, before: number): boolean =>
  expiry !== 0 && expiry !== LATEST && expiry * 1000 <= before;

const emptyShard = (capacity: number): Shard => ({ words: new Uint32Array(capacity * SLOT), capacity, used: 0 });

/**
 * The two last words are random in a UUIDv7. Mixing all four spreads other UUIDs too. The low bits choose the shard,
 * the high ones the slot.
 */
function hashOf(key: Uint32Array): number {
  let hash = 0;
  for (let i = 0; i < 4; i++) {
    hash = Math.imul(hash ^ (key[i] as number), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/** The slot that holds the key, or the free one where it belongs. */
function find(words: Uint32Array, capacity: number, key: Uint32Array, hash: number): number {
  const [a, b, c, d] = key;
  for (let slot = Math.floor(hash / 2 ** 32 * capacity); ; slot = slot + 1 === capacity ? 0 : slot + 1) {
    const at = slot * SLOT;
    if (words[at + 4] === 0) return slot;
    if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a) return slot;
  }
}

function put(shard: Shard, key: Uint32Array, hash: number, expiry: number): boolean {
  const { words, capacity } = shard;
  const at = find(words, capacity, key, hash) * SLOT;
  const isNew = words[at + 4] === 0;
  words.set(key, at);
  words[at + 4] = Math.max(words[at + 4] as number, expiry);
  if (isNew) shard.used++;
  return isNew;
}

/** What a shard is before its first entry. */
const EMPTY = emptyShard(0);

/** Copies what has not expired. */
function resized({ words }: Shard, capacity: number, before = -Infinity): Shard {
  const copy = emptyShard(Math.max(SMALLEST, capacity));
  for (let at = 0; at < words.length; at += SLOT) {
    const expiry = words[at + 4] as number;
    if (expiry === 0 || isExpired(expiry, before)) continue;
    const key = words.subarray(at, at + 4);
    put(copy, key, hashOf(key), expiry);
  }
  return copy;
}

function toUuid(words: Uint32Array, at: number): string {
  const hex = [0, 1, 2, 3].map((i) => (words[at + i] as number).toString(16).padStart(8, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
