import { randomUUID } from "node:crypto";
import type { ChainableCommander, Redis } from "ioredis";
import type { Cutoff, CutoffName } from "../../revocation/cutoff.js";
import { type RevocationEvent, eventOfCutoff, eventOfToken } from "../../revocation/feed/event.js";
import type { Revocation } from "../../revocation/journal.js";
import type { RevocationCache, CachedState } from "../../revocation/revocation-cache.js";
import { type RevocationKeys, revocationKeys } from "./revocation-keys.js";

/** Unless another replica was faster, the feed begins anew as well: of it nothing is known to be whole either. */
const DECLARE = `
  if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call("DEL", KEYS[1])
  if redis.call("GET", KEYS[2]) == ARGV[2] and redis.call("EXISTS", KEYS[3], KEYS[4]) == 2 then return 1 end
  redis.call("SET", KEYS[2], ARGV[2])
  redis.call("DEL", KEYS[3])
  redis.call("XADD", KEYS[3], "*", "epoch", ARGV[1])
  redis.call("SET", KEYS[4], ARGV[1])
  return 1`;
/** Of two cut-offs the later instant stays, and the longer life. */
const RAISE = `
  local known = redis.call("GET", KEYS[1]) or "0"
  local later = tonumber(known) > tonumber(ARGV[1]) and known or ARGV[1]
  local ending = math.max(tonumber(ARGV[2]), redis.call("TIME")[1] + redis.call("TTL", KEYS[1]))
  return redis.call("SET", KEYS[1], later, "EXAT", string.format("%.0f", ending))`;
const cutoffKey = ({ scope, value }: CutoffName): string => `issued_before:${scope}:${value}`;
/** Events that the feed keeps for those who come back, about 10 MB. */
const FEED_LENGTH = 100_000;
/** Seconds after which a fill that nobody finished is forgotten. */
const FILL_TIMEOUT = 3600;

/**
 * Revocations in Redis as `revoked:<jti>`, cut-offs as `issued_before:<scope>:<value>`.
 * `authflow:<installation>:cutoffs:complete` names the Redis process that was filled
 * from the journal and the history of its data: flushing removes that marker, a restart changes the process (run_id), a
 * failover or a resynchronisation the history (master_replid). Each may have lost writes, and after each the cache is
 * known to be incomplete before anyone trusts it. The marker's name is not the one of versions without cut-offs: while
 * replicas are replaced, a fill by one of those says nothing about them.
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
    // The next connection may lead to another Redis: until it is identified, nothing it says is trusted.
    redis.on("close", () => { this.#identity = undefined; });
  }

  async lookup(jti: string, names: readonly CutoffName[]): Promise<CachedState | undefined> {
    const trusted = this.#identity;
    if (trusted === undefined) return undefined;
    try {
      const [shown, time] = await this.#redis.pipeline()
        .mget(this.#keys.complete, `revoked:${jti}`, ...names.map(cutoffKey))
        .time()
        .exec() ?? [];
      if (shown?.[0] !== null || time?.[0] !== null) return undefined;
      const [complete, revoked, ...instants] = shown[1] as (string | null)[];
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

  trusts(complete: string | null | undefined): boolean {
    return this.#identity !== undefined && complete === this.#identity;
  }

  // Until an instant, not for a while: that is counted by Redis's clock, whatever this replica's says.
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
    // A Redis that is full (noeviction) still answers, and could not take a logout.
    await this.#redis.set(`${this.#keys.complete}:probe`, "1", "EX", 60);
    // A replica of a version without the feed may have filled it: then there is none.
    const { complete, stream, epoch } = this.#keys;
    const [known, feed] = await Promise.all([this.#redis.get(complete), this.#redis.exists(stream, epoch)]);
    return known === identity && feed === 2;
  }

  async fill(fill: () => Promise<void>): Promise<boolean> {
    const identity = await this.#identify();
    const fillId = randomUUID();
    await this.#redis.set(this.#fillingKey, fillId, "EX", FILL_TIMEOUT);
    await fill();
    // A flush in the middle took the fill's own key along: then this declares nothing, and the next round fills again.
    const { complete, stream, epoch } = this.#keys;
    const declared = await this.#redis.eval(DECLARE, 4, this.#fillingKey, complete, stream, epoch, fillId, identity);
    return declared === 1 && identity === await this.#identify();
  }

  #publish(transaction: ChainableCommander, { name, data }: RevocationEvent): void {
    transaction.xadd(this.#keys.stream, "MAXLEN", "~", FEED_LENGTH, "*", name, data);
  }

  /** Which process, with which history of data, answers now. */
  async #identify(): Promise<string> {
    const info = await this.#redis.info();
    const [runId, history, role] = [/^run_id:(\w+)/m, /^master_replid:(\w+)/m, /^role:(\w+)/m]
      .map((pattern) => pattern.exec(info)?.[1]);
    if (runId === undefined || history === undefined) {
      throw new Error("Redis does not tell run_id and master_replid (INFO): Authflow can't know when it lost writes");
    }
    if (role !== "master") {
      this.#identity = undefined;
      throw new Error("REDIS_URL leads to a read-only replica: name the primary");
    }
    this.#identity = `${runId}:${history}`;
    return this.#identity;
  }
}

const seconds = (instant: number): number => Math.ceil(instant / 1000);

async function succeed(transaction: ChainableCommander): Promise<void> {
  const outcomes = await transaction.exec().catch((error: Error & { previousErrors?: Error[] }) => {
    throw error.previousErrors?.[0] ?? error; // why Redis would not take a command, instead of that it took none
  });
  const failed = (outcomes ?? []).find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
}
