import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { FeedEvent, RevocationEvent } from "../../revocation/feed/event.js";
import type { FeedSource } from "../../revocation/feed/source.js";
import type { RedisRevocationCache } from "./revocation-cache.js";
import { type RevocationKeys, revocationKeys } from "./revocation-keys.js";

type Entry = [id: string, fields: string[]];

/** Milliseconds for which Redis holds a question for news. */
const WAIT = 1000;
const LOOK_AGAIN_AFTER = 200;
const ID = /^([0-9a-f-]{36})\.(\d{13})-(\d{6,15})$/;

/** The news of all replicas, in a Redis Stream. Ids are `<epoch>.<the entry's id, padded>`. */
export class RedisRevocationFeed implements FeedSource {
  readonly #redis: Redis;
  readonly #waiting: Redis;
  readonly #cache: RedisRevocationCache;
  readonly #keys: RevocationKeys;

  constructor(redis: Redis, installation: string, cache: RedisRevocationCache) {
    this.#redis = redis;
    this.#cache = cache;
    this.#keys = revocationKeys(installation);
    // Who waits in Redis can ask nothing else meanwhile.
    this.#waiting = redis.duplicate({ commandTimeout: 2 * WAIT });
    this.#waiting.on("error", () => undefined); // the other connection tells
  }

  async head(): Promise<string> {
    const { epoch, newest } = await this.#look("+");
    return toId(epoch, newest);
  }

  async after(id: string, limit: number): Promise<FeedEvent[] | undefined> {
    const [, asked, time, sequence] = ID.exec(id) ?? [];
    if (asked === undefined) return undefined;
    const { epoch, oldest, newest, entries } = await this.#look(`${Number(time)}-${Number(sequence)}`, limit);
    // Beyond the newest: this Redis lost what came after it.
    if (asked !== epoch || id < toId(epoch, oldest) || id > toId(epoch, newest)) return undefined;
    return entries.map(([entry, [name = "", data = ""]]) =>
      ({ id: toId(epoch, entry), name: name as RevocationEvent["name"], data }));
  }

  async waitForEvents(id: string, signal: AbortSignal): Promise<void> {
    const [, , time, sequence] = ID.exec(id) ?? [];
    const waiting = this.#waiting
      .xread("COUNT", 1, "BLOCK", WAIT, "STREAMS", this.#keys.stream, `${Number(time)}-${Number(sequence)}`)
      .catch(() => sleep(LOOK_AGAIN_AFTER));
    await Promise.race([waiting, sleep(2 * WAIT, undefined, { signal, ref: false }).catch(() => undefined)]);
  }

  close(): void {
    this.#waiting.disconnect();
  }

  /** In one transaction: between two looks Redis may be another one, or lose its contents. */
  async #look(after: string, limit = 1) {
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
    const [known, named, [oldest] = [], [newest] = [], entries] =
      answers.map(([, answer]) => answer) as [string | null, string | null, Entry[]?, Entry[]?, Entry[]?];
    if (!this.#cache.trusts(known) || named === null || oldest === undefined || newest === undefined) {
      throw new Error("Redis does not hold all revocations yet");
    }
    return { epoch: named, oldest: oldest[0], newest: newest[0], entries: entries ?? [] };
  }
}

/** Padded, so that the order of the texts is the order of the entries. */
function toId(epoch: string, entry: string): string {
  const [time = "", sequence = ""] = entry.split("-");
  return `${epoch}.${time.padStart(13, "0")}-${sequence.padStart(6, "0")}`;
}
