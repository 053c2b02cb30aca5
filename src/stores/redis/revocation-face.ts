import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Revocation } from "../../revocation/journal.js";
import type { SharedFace } from "../../revocation/shared-face.js";

const DECLARE = `if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("SET", KEYS[2], ARGV[2]) redis.call("DEL", KEYS[1]) return 1 end return 0`;
/** Seconds after which a fill that nobody finished is forgotten. */
const FILL_TIMEOUT = 3600;

/**
 * Revocations in Redis as `revoked:<jti>`. `authflow:<installation>:complete` holds the run id of the Redis process that
 * was filled from the journal: flushing removes it, a restart or a failover (which may have lost writes) changes the run
 * id, and either way the face is known to be incomplete before anyone trusts it.
 */
export class RedisRevocationFace implements SharedFace {
  readonly #redis: Redis;
  readonly #completeKey: string;
  readonly #fillingKey: string;
  #runId: string | undefined;

  constructor(redis: Redis, installation: string) {
    this.#redis = redis;
    this.#completeKey = `authflow:${installation}:complete`;
    this.#fillingKey = `authflow:${installation}:filling:${randomUUID()}`;
    // The next connection may lead to another Redis: until its run id is read, nothing it says is trusted.
    redis.on("close", () => { this.#runId = undefined; });
  }

  async has(jti: string): Promise<boolean | undefined> {
    const trusted = this.#runId;
    if (trusted === undefined) return undefined;
    try {
      const [revoked, complete] = await this.#redis.mget(`revoked:${jti}`, this.#completeKey);
      if (revoked !== null) return true;
      return complete === trusted && trusted === this.#runId ? false : undefined;
    } catch {
      return undefined;
    }
  }

  async show(revocations: readonly Revocation[], now: number): Promise<void> {
    const pipeline = this.#redis.pipeline();
    for (const { jti, expiresAt } of revocations) {
      const remaining = Math.ceil((expiresAt - now) / 1000);
      if (remaining > 0) pipeline.set(`revoked:${jti}`, "1", "EX", remaining);
    }
    const failed = (await pipeline.exec() ?? []).find(([error]) => error !== null)?.[0];
    if (failed) throw failed;
  }

  async isComplete(): Promise<boolean> {
    const runId = await this.#readRunId();
    return await this.#redis.get(this.#completeKey) === runId;
  }

  async fill(fill: () => Promise<void>): Promise<boolean> {
    const runId = await this.#readRunId();
    const fillId = randomUUID();
    await this.#redis.set(this.#fillingKey, fillId, "EX", FILL_TIMEOUT);
    await fill();
    // A flush in the middle took the fill's own key along: then this declares nothing, and the next round fills again.
    const declared = await this.#redis.eval(DECLARE, 2, this.#fillingKey, this.#completeKey, fillId, runId);
    return declared === 1 && runId === await this.#readRunId();
  }

  async #readRunId(): Promise<string> {
    const runId = /^run_id:(\w+)/m.exec(await this.#redis.info("server"))?.[1];
    if (runId === undefined)
      throw new Error("Redis does not tell its run_id (INFO server): Authflow can't know when it was restarted");
    this.#runId = runId;
    return runId;
  }
}
