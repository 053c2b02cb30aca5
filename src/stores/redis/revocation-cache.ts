import { randomUUID } from "node:crypto";
import type { ChainableCommander, Redis } from "ioredis";
import type { Cutoff, CutoffName } from "../../revocation/cutoff.js";
import { type RevocationEvent, eventOfCutoff, eventOfToken } from "../../revocation/feed/event.js";
import type { Revocation } from "../../revocation/journal.js";
import type { RevocationCache, CachedState } from "../../revocation/revocation-cache.js";
import { type RevocationKeys, revocationKeys } from "./revocation-keys.js";

/**
 * Declares the cache complete. Unless another replica has just done so, it also starts a new stream for the feed,
 * because the old one may have lost entries too.
 */
const DECLARE = `
  if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call("DEL", KEYS[1])
  if redis.call("GET", KEYS[2]) == ARGV[2] and redis.call("EXISTS", KEYS[3], KEYS[4]) == 2 then return 1 end
  redis.call("SET", KEYS[2], ARGV[2])
  redis.call("DEL", KEYS[3])
  redis.call("XADD", KEYS[3], "*", "epoch", ARGV[1])
  redis.call("SET", KEYS[4], ARGV[1])
  return 1`;
/** Stores a cut-off. If there is one already, the later instant and the later expiry stay. */
const RAISE = `
  local known = redis.call("GET", KEYS[1]) or "0"
  local later = tonumber(known) > tonumber(ARGV[1]) and known or ARGV[1]
  local ending = math.max(tonumber(ARGV[2]), redis.call("TIME")[1] + redis.call("TTL", KEYS[1]))
  return redis.call("SET", KEYS[1], later, "EXAT", string.format("%.0f", ending))`;
const cutoffKey = ({ scope, value }: CutoffName): string => `issued_before:${scope}:${value}`;
/** Events that the feed keeps for subscribers that reconnect, about 10 MB. */
const FEED_LENGTH = 100_000;
/** Seconds after which the key of an unfinished fill expires. */
const FILL_TIMEOUT = 3600;

/**
 * Holds revocations as `revoked:<jti>` and cut-offs as `issued_before:<scope>:<value>`.
 *
 * The marker `authflow:<installation>:cutoffs:complete` says which Redis was filled from the journals: its value is the
 * Redis process (run_id) and the history of its data (master_replid). Flushing removes the marker, a restart changes
 * the run_id, and a failover or resynchronisation changes the master_replid. Redis may have lost writes in each case,
 * and the cache is then incomplete. Versions without cut-offs used another marker: during a rolling update, their fill
 * does not declare the cut-offs complete.
 */
export class RedisRevocationCache implements RevocationCache {
  readonly #redis: Redis;
  readonly #keys: RevocationKeys;
  readonly #fillingKey: string;
  #identity: string | undefined;

  constructor(redis: Redis, installation: string) {
    this.#redis = redis;
    this.#keys = revocationKeys(installation);
    this.#fillingKey = `authflow:${installation}:filling:${randomUUID()}`;
    // The next connection may lead to another Redis, which is not trusted until it is identified.
    redis.on("close", () => { this.#identity = undefined; });
  }

  async lookup(jti: string, names: readonly CutoffName[]): Promise<CachedState | undefined> {
    const trusted = this.#identity;
    if (trusted === undefined) return undefined;
    try {
      const [values, time] = await this.#redis.pipeline()
        .mget(this.#keys.complete, `revoked:${jti}`, ...names.map(cutoffKey))
        .time()
        .exec() ?? [];
      if (values?.[0] !== null || time?.[0] !== null) return undefined;
      const [complete, revoked, ...instants] = values[1] as (string | null)[];
      return {
        revoked: revoked !== null,
        issuedBefore: instants.map((instant) => (instant === null ? null : Number(instant))),
        complete: complete === trusted && this.trusts(complete),
        now: Number((time[1] as [string, string])[0]) * 1000,
      };
    } catch {
      return undefined;
    }
  }

  /** Whether `complete`, the marker's value, says that the connected Redis holds everything. */
  trusts(complete: string | null | undefined): boolean {
    return this.#identity !== undefined && complete === this.#identity;
  }

  // EXAT instead of EX: Redis then compares the expiry with its own clock; this replica's clock has no influence.
  async put(revocations: readonly Revocation[], published: boolean): Promise<void> {
    const transaction = this.#redis.multi();
    for (const revocation of revocations) {
      transaction.set(`revoked:${revocation.jti}`, "1", "EXAT", seconds(revocation.expiresAt));
      if (published) this.#publish(transaction, eventOfToken(revocation));
    }
    await succeed(transaction);
  }

  async putCutoffs(cutoffs: readonly Cutoff[], published: boolean): Promise<void> {
    const transaction = this.#redis.multi();
    for (const cutoff of cutoffs) {
      transaction.eval(RAISE, 1, cutoffKey(cutoff), cutoff.issuedBefore, seconds(cutoff.expiresAt));
      if (published) this.#publish(transaction, eventOfCutoff(cutoff));
    }
    await succeed(transaction);
  }

  async isComplete(): Promise<boolean> {
    const identity = await this.#identify();
    // A full Redis (noeviction) still answers reads, but could not store a revocation.
    await this.#redis.set(`${this.#keys.complete}:probe`, "1", "EX", 60);
    // If a replica of a version without the feed filled this Redis, the stream is missing.
    const { complete, stream, epoch } = this.#keys;
    const [marker, feedKeys] = await Promise.all([this.#redis.get(complete), this.#redis.exists(stream, epoch)]);
    return marker === identity && feedKeys === 2;
  }

  async fill(fill: () => Promise<void>): Promise<boolean> {
    const identity = await this.#identify();
    const fillId = randomUUID();
    await this.#redis.set(this.#fillingKey, fillId, "EX", FILL_TIMEOUT);
    await fill();
    // A flush meanwhile also removed the fill's own key: this then declares nothing, and the next round fills again.
    const { complete, stream, epoch } = this.#keys;
    const declared = await this.#redis.eval(DECLARE, 4, this.#fillingKey, complete, stream, epoch, fillId, identity);
    return declared === 1 && identity === await this.#identify();
  }

  #publish(transaction: ChainableCommander, { name, data }: RevocationEvent): void {
    transaction.xadd(this.#keys.stream, "MAXLEN", "~", FEED_LENGTH, "*", name, data);
  }

  /** Reads which Redis process answers now, and with which history of data. */
  async #identify(): Promise<string> {
    const info = await this.#redis.info();
    const [runId, history, role] = [/^run_id:(\w+)/m, /^master_replid:(\w+)/m, /^role:(\w+)/m]
      .map((pattern) => pattern.exec(info)?.[1]);
    if (runId === undefined || history === undefined) {
      throw new Error("INFO of this Redis lacks run_id and master_replid, by which Authflow detects lost writes: " +
        "use a Redis that shows them");
    }
    if (role !== "master") {
      this.#identity = undefined;
      throw new Error("REDIS_URL leads to a read-only replica: set it to the primary");
    }
    this.#identity = `${runId}:${history}`;
    return this.#identity;
  }
}

const seconds = (instant: number): number => Math.ceil(instant / 1000);

async function succeed(transaction: ChainableCommander): Promise<void> {
  const outcomes = await transaction.exec().catch((error: Error & { previousErrors?: Error[] }) => {
    throw error.previousErrors?.[0] ?? error; // why Redis refused a command, rather than that it ran none
  });
  const failed = (outcomes ?? []).find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
}
