import { randomUUID } from "node:crypto";
import type { ChainableCommander, Redis } from "ioredis";
import { type Entry, isCutoff, type Name } from "../../revocation/entry.js";
import type { Place } from "../../revocation/log.js";
import type { OutletContents, OutletState, RevocationOutlet } from "../../revocation/outlet.js";
import type { CircuitBreaker } from "../../shared/circuit-breaker.js";
import { breakerOf } from "./breaker.js";
import { infoFields } from "./facts.js";
import { RevocationKeys } from "./revocation-keys.js";
import { RevocationQuestions } from "./revocation-questions.js";

/** Stores a cut-off. If there is one already, the later instant and the later expiry stay. */
const RAISE = `
  local known = redis.call("GET", KEYS[1]) or "0"
  local later = tonumber(known) > tonumber(ARGV[1]) and known or ARGV[1]
  local ending = math.max(tonumber(ARGV[2]), redis.call("TIME")[1] + redis.call("TTL", KEYS[1]))
  return redis.call("SET", KEYS[1], later, "EXAT", string.format("%.0f", ending))`;
/** Sets the place KEYS[1] to ARGV[2] if it still is ARGV[1]. */
const MOVE = `
  if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("SET", KEYS[1], ARGV[2]) end`;
/**
 * Ends a fill: sets the place KEYS[2] to ARGV[2]. Not if a flush removed the lease KEYS[1], nor if another process than
 * ARGV[3] answers, because a restart may keep the lease and lose entries.
 */
const COMPLETE = `
  if redis.call("GET", KEYS[1]) ~= ARGV[1] then return end
  redis.call("DEL", KEYS[1])
  if string.find(redis.call("INFO", "server"), "run_id:" .. ARGV[3], 1, true) then
    redis.call("SET", KEYS[2], ARGV[2])
  end`;

/** Milliseconds after which another process may fill this Redis, if the one that does shows no progress. */
const LEASE = 30_000;
/** Entries that are written, or keys that are read, at a time. */
const PAGE = 1000;

/** Redis as other services read it. Each key expires when every token that it revokes has expired. */
export class RedisRevocationOutlet implements RevocationOutlet {
  readonly #redis: Redis;
  readonly #keys: RevocationKeys;
  readonly #questions: RevocationQuestions;
  readonly #breaker: CircuitBreaker;
  readonly #id = randomUUID();
  #identity: string | undefined;

  constructor(redis: Redis, installation: string) {
    this.#redis = redis;
    this.#keys = new RevocationKeys(installation);
    this.#questions = new RevocationQuestions(redis, this.#keys);
    this.#breaker = breakerOf(redis);
    // The next connection may lead to another Redis.
    redis.on("close", () => { this.#identity = undefined; });
  }

  /** Calls `changed` when any process put an entry. Returns how to stop. */
  listen(changed: () => void): () => Promise<void> {
    // By itself ioredis subscribes again when it reconnects, but nothing can catch a failure: the process would end.
    const subscriber = this.#redis.duplicate({ lazyConnect: true, autoResubscribe: false });
    subscriber.on("error", () => undefined); // the other connection reports errors
    subscriber.on("message", changed);
    subscriber.on("ready", () => { void subscriber.subscribe(this.#keys.channel).catch(() => undefined); });
    void subscriber.connect().catch(() => undefined); // it tries again
    return async () => { subscriber.off("message", changed).disconnect(); };
  }

  get identity(): string | undefined { return this.#identity; }

  isRevoked(names: readonly Name[], issuedAt: number): Promise<boolean | undefined> {
    return this.#questions.ask(names, issuedAt);
  }

  async put(entries: readonly Entry[]): Promise<void> {
    const transaction = this.#redis.multi();
    this.#add(transaction, entries);
    transaction.sadd(this.#keys.unconfirmed, entries.map((entry) => JSON.stringify(entry)));
    await this.#breaker.run(() => succeed(transaction.del(this.#keys.formerMarker).publish(this.#keys.channel, "")));
    this.#identity ??= await this.#identify();
  }

  async confirm(entries: readonly Entry[]): Promise<void> {
    await this.#redis.srem(this.#keys.unconfirmed, entries.map((entry) => JSON.stringify(entry)));
  }

  async state(): Promise<OutletState> {
    const [, value, unconfirmed, [seconds, microseconds]] = await this.#breaker.run(() => succeed(this.#redis.multi()
      // A full Redis (noeviction) still answers reads, but could not store a revocation.
      .set(`${this.#keys.place}:probe`, "1", "EX", 60)
      .get(this.#keys.place)
      .smembers(this.#keys.unconfirmed)
      .time())) as [unknown, string | null, string[], [string, string]];
    this.#identity ??= await this.#identify();
    return {
      place: readPlace(value), now: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000),
      unconfirmed: unconfirmed.map((entry) => JSON.parse(entry) as Entry),
    };
  }

  async advance(entries: readonly Entry[], from: Place, to: Place): Promise<void> {
    const transaction = this.#redis.multi();
    this.#add(transaction, entries);
    await succeed(transaction.eval(MOVE, 1, this.#keys.place, writePlace(from), writePlace(to)));
  }

  async invalidate(): Promise<void> {
    await this.#redis.del(this.#keys.place);
  }

  async * entries(): AsyncGenerator<Entry[]> {
    // ioredis puts the prefix of the connection before the keys of a command, but not before a pattern.
    const prefix = this.#redis.options.keyPrefix ?? "";
    for (const start of this.#keys.starts) {
      // Others may keep a set, for example, under a name that begins so: GET of it would be an error.
      const scan = this.#redis.scanStream({ match: `${escapePattern(prefix + start)}*`, count: PAGE, type: "string" });
      for await (const found of scan as AsyncIterable<string[]>) {
        const keys = found.map((key) => key.slice(prefix.length));
        const times = this.#redis.multi().pexpire(this.#keys.lease, LEASE).time();
        const reading = keys.reduce((multi, key) => multi.get(key).ttl(key), times);
        const [, [seconds], ...answers] =
          await succeed(reading) as [unknown, [string, string], ...(string | number | null)[]];
        yield keys.flatMap((key, index) => {
          const [value, ttl] = answers.slice(2 * index, 2 * index + 2) as [string | null, number];
          // A key without expiry was not written by Authflow.
          if (value === null || ttl < 0) return [];
          return this.#keys.read(key, value, (Number(seconds) + ttl + 1) * 1000) ?? [];
        });
      }
    }
  }

  async fill(contents: () => Promise<OutletContents>): Promise<void> {
    const runId = infoFields(await this.#redis.info("server")).run_id ?? "";
    // An attempt of this process that failed may have left its lease.
    const isMine = await this.#redis.set(this.#keys.lease, this.#id, "PX", LEASE, "NX") === "OK"
      || await this.#redis.get(this.#keys.lease) === this.#id;
    if (!isMine) {
      // It was taken while the clock of this Redis was ahead, and would last for as long as that.
      if (await this.#redis.pttl(this.#keys.lease) > LEASE) await this.#redis.del(this.#keys.lease);
      return;
    }
    await this.#redis.del(this.#keys.formerMarker);
    const { entries, place } = await contents();
    let page: Entry[] = [];
    const flush = async (): Promise<void> => {
      const transaction = this.#redis.multi();
      this.#add(transaction, page);
      await succeed(transaction.pexpire(this.#keys.lease, LEASE));
      page = [];
    };
    for (const entry of entries) {
      page.push(entry);
      if (page.length === PAGE) await flush();
    }
    await flush();
    await this.#redis.eval(COMPLETE, 2, this.#keys.lease, this.#keys.place, this.#id, writePlace(place), runId);
  }

  /** Which Redis process answers, and with which history of data: a restart and a failover may lose writes. */
  async #identify(): Promise<string | undefined> {
    const { run_id: runId, master_replid: history } = infoFields(await this.#redis.info());
    if (runId === undefined || history === undefined) return undefined; // as some managed servers: it is never trusted
    const { db = 0, keyPrefix = "" } = this.#redis.options;
    return `${runId} ${history} ${db} ${keyPrefix}`.trim();
  }

  // EXAT instead of EX: Redis then compares the expiry with its own clock; this replica's clock has no influence.
  #add(transaction: ChainableCommander, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const [key, ending] = [this.#keys.of(entry), Math.ceil(entry.expiresAt / 1000)];
      if (isCutoff(entry)) transaction.eval(RAISE, 1, key, entry.issuedBefore, ending);
      else transaction.set(key, "1", "EXAT", ending);
    }
  }

}

/** Escapes what is special in a glob-style pattern of Redis. */
const escapePattern = (text: string): string => text.replaceAll(/[*?[\]\\^]/g, "\\$&");

const writePlace = ({ position, tag }: Place): string => `${position} ${tag}`;
function readPlace(value: string | null): Place | undefined {
  const [position, tag = ""] = value?.split(" ") ?? [];
  return position === undefined ? undefined : { position: Number(position), tag };
}

/** The answers; rejects with the first error. */
async function succeed(transaction: ChainableCommander): Promise<unknown[]> {
  const outcomes = await transaction.exec().catch((error: Error & { previousErrors?: Error[] }) => {
    throw error.previousErrors?.[0] ?? error; // why Redis refused a command, rather than that it ran none
  });
  const failed = outcomes?.find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
  return (outcomes ?? []).map(([, answer]) => answer);
}
