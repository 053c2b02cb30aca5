import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { FeedEvent, RevocationEvent } from "../../revocation/feed/event.js";
import type { FeedSource } from "../../revocation/feed/source.js";
import type { RedisRevocationCache } from "./revocation-cache.js";
import { type RevocationKeys, revocationKeys } from "./revocation-keys.js";

type Entry = [id: string, fields: string[]];

/** Milliseconds for which Redis waits for new events before it answers (XREAD BLOCK). */
const BLOCK_TIME = 1000;
/** Milliseconds to wait after a failed read. */
const RETRY_AFTER = 200;
const EVENT_ID = /^([0-9a-f-]{36})\.(\d{13})-(\d{6,15})$/;

/** The events of all replicas, in a Redis stream. Ids are `<epoch>.<the entry's id, padded>`. */
export class RedisRevocationFeed implements FeedSource {
  readonly #redis: Redis;
  readonly #blocking: Redis;
  readonly #cache: RedisRevocationCache;
  readonly #keys: RevocationKeys;

  constructor(redis: Redis, installation: string, cache: RedisRevocationCache) {
    this.#redis = redis;
    this.#cache = cache;
    this.#keys = revocationKeys(installation);
    // A connection that blocks in Redis can't send another command meanwhile.
    this.#blocking = redis.duplicate({ commandTimeout: 2 * BLOCK_TIME });
    this.#blocking.on("error", () => undefined); // the other connection reports errors
  }

  async head(): Promise<string> {
    const { epoch, newest } = await this.#read("+");
    return toId(epoch, newest);
  }

  async after(id: string, limit: number): Promise<FeedEvent[] | undefined> {
    const [, epochOfId, time, sequence] = EVENT_ID.exec(id) ?? [];
    if (epochOfId === undefined) return undefined;
    const { epoch, oldest, newest, entries } = await this.#read(`${Number(time)}-${Number(sequence)}`, limit);
    // An id after the newest entry: this Redis lost entries.
    if (epochOfId !== epoch || id < toId(epoch, oldest) || id > toId(epoch, newest)) return undefined;
    return entries.map(([entry, [name = "", data = ""]]) =>
      ({ id: toId(epoch, entry), name: name as RevocationEvent["name"], data }));
  }

  async waitForEvents(id: string, signal: AbortSignal): Promise<void> {
    const [, , time, sequence] = EVENT_ID.exec(id) ?? [];
    const waiting = this.#blocking
      .xread("COUNT", 1, "BLOCK", BLOCK_TIME, "STREAMS", this.#keys.stream, `${Number(time)}-${Number(sequence)}`)
      .catch(() => sleep(RETRY_AFTER));
    await Promise.race([waiting, sleep(2 * BLOCK_TIME, undefined, { signal, ref: false }).catch(() => undefined)]);
  }

  close(): void {
    this.#blocking.disconnect();
  }

  /** In one transaction: between two commands Redis may fail over to another server, or lose its contents. */
  async #read(after: string, limit = 1) {
    const { complete, epoch, stream } = this.#keys;
    const answers = await this.#redis.multi()
      .get(complete)
      .get(epoch)
      .xrange(stream, "-", "+", "COUNT", 1)
      .xrevrange(stream, "+", "-", "COUNT", 1)
      .xrange(stream, after === "+" ? after : `(${after}`, "+", "COUNT", limit)
      .exec() ?? [];
    const failed = answers.find(([error]) => error !== null)?.[0];
    if (failed) throw failed;
    const [marker, currentEpoch, [oldest] = [], [newest] = [], entries] =
      answers.map(([, answer]) => answer) as [string | null, string | null, Entry[]?, Entry[]?, Entry[]?];
    if (!this.#cache.trusts(marker) || currentEpoch === null || oldest === undefined || newest === undefined) {
      throw new Error("Redis does not hold all revocations yet");
    }
    return { epoch: currentEpoch, oldest: oldest[0], newest: newest[0], entries: entries ?? [] };
  }
}

/** Padded, so that ids sort as text in the order of the entries. */
function toId(epoch: string, entry: string): string {
  const [time = "", sequence = ""] = entry.split("-");
  return `${epoch}.${time.padStart(13, "0")}-${sequence.padStart(6, "0")}`;
}
