import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ChainableCommander, Redis } from "ioredis";
import { type Entry, FOREVER, isCutoff, type Name, type Scope } from "../../revocation/entry.js";
import type { Place } from "../../revocation/log.js";
import type { OutletState, RevocationOutlet } from "../../revocation/outlet.js";
import { isBefore } from "../../revocation/revocation-index.js";

/** Stores a cut-off. If there is one already, the later instant and the later expiry stay. */
const RAISE = `
  local known = redis.call("GET", KEYS[1]) or "0"
  local later = tonumber(known) > tonumber(ARGV[1]) and known or ARGV[1]
  local ending = math.max(tonumber(ARGV[2]), redis.call("TIME")[1] + redis.call("TTL", KEYS[1]))
  return redis.call("SET", KEYS[1], later, "EXAT", string.format("%.0f", ending))`;
/** Sets KEYS[2] to ARGV[2] if KEYS[1] still has the value ARGV[1]. */
const SET_IF = `
  if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call("SET", KEYS[2], ARGV[2])
  return 1`;

/** Milliseconds that a live check waits for Redis. */
const CHECK_LIMIT = 100;
/** Milliseconds after which another process may fill this Redis, if the one that does shows no progress. */
const LEASE = 30_000;
/** Entries that are written, or keys that are read, at a time. */
const PAGE = 1000;

/**
 * Redis as other services read it: `revoked:<jti>`, and `authflow:<installation>:issued_before:<scope>:<value>` with an
 * instant in epoch ms. Each key expires when every token that it revokes has expired. The installation is part of the
 * names because two installations may have users of the same name; a jti is unique.
 */
export class RedisRevocationOutlet implements RevocationOutlet {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #placeKey: string;
  readonly #leaseKey: string;
  readonly #channel: string;
  readonly #id = randomUUID();
  #asked = new Map<string, ((answer: boolean | undefined) => void)[]>();
  #isAsking = false;

  constructor(redis: Redis, installation: string) {
    this.#redis = redis;
    this.#prefix = `authflow:${installation}:issued_before:`;
    this.#placeKey = `authflow:${installation}:place`;
    this.#leaseKey = `authflow:${installation}:filling`;
    this.#channel = `authflow:${installation}:log`;
  }

  /** Calls `changed` when any process put an entry. Returns how to stop. */
  listen(changed: () => void): () => Promise<void> {
    const subscriber = this.#redis.duplicate({ lazyConnect: true, enableOfflineQueue: true });
    subscriber.on("error", () => undefined); // the other connection reports errors
    subscriber.on("message", changed);
    void subscriber.subscribe(this.#channel).catch(() => undefined); // ioredis subscribes again when it reconnects
    return async () => { subscriber.disconnect(); };
  }

  isRevoked(jti: string): Promise<boolean | undefined> {
    if (this.#redis.status !== "ready") return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waiting = this.#asked.get(jti);
      if (waiting !== undefined) waiting.push(resolve);
      else this.#asked.set(jti, [resolve]);
      if (!this.#isAsking) void this.#ask();
    });
  }

  async shows(names: readonly Name[], issuedAt: number): Promise<boolean> {
    const values = await this.#redis.mget(names.map((name) => this.#keyOf(name)));
    return names.some((name, index) => {
      const value = values[index] ?? null;
      return value !== null && (!isCutoff(name) || isBefore(issuedAt, Number(value)));
    });
  }

  async put(entries: readonly Entry[]): Promise<void> {
    const transaction = this.#redis.multi();
    this.#add(transaction, entries);
    await succeed(transaction.publish(this.#channel, ""));
  }

  async state(): Promise<OutletState> {
    const [, value, [seconds, microseconds]] = await succeed(this.#redis.multi()
      // A full Redis (noeviction) still answers reads, but could not store a revocation.
      .set(`${this.#placeKey}:probe`, "1", "EX", 60)
      .get(this.#placeKey)
      .time()) as [unknown, string | null, [string, string]];
    return { place: readPlace(value), now: Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000) };
  }

  async advance(entries: readonly Entry[], from: Place, to: Place): Promise<void> {
    const transaction = this.#redis.multi();
    this.#add(transaction, entries);
    await succeed(transaction.eval(SET_IF, 2, this.#placeKey, this.#placeKey, writePlace(from), writePlace(to)));
  }

  async invalidate(): Promise<void> {
    await this.#redis.del(this.#placeKey);
  }

  async * entries(): AsyncGenerator<Entry[]> {
    for (const pattern of ["revoked:*", `${this.#prefix}*`]) {
      for await (const keys of this.#redis.scanStream({ match: pattern, count: PAGE }) as AsyncIterable<string[]>) {
        const reading = keys.reduce((multi, key) => multi.get(key).ttl(key), this.#redis.multi().time());
        const [[seconds], ...answers] = await succeed(reading) as [[string, string], ...(string | number | null)[]];
        yield keys.flatMap((key, index) => {
          const [value, ttl] = answers.slice(2 * index, 2 * index + 2) as [string | null, number];
          // A key without expiry was not written by Authflow.
          return value === null || ttl < 0 ? [] : this.#readEntry(key, value, (Number(seconds) + ttl + 1) * 1000);
        });
      }
    }
  }

  async fill(entries: Iterable<Entry>, place: Place): Promise<void> {
    const before = await this.#identity();
    const isMine = await this.#redis.set(this.#leaseKey, this.#id, "PX", LEASE, "NX") === "OK";
    if (!isMine) return;
    let page: Entry[] = [];
    const flush = async (): Promise<void> => {
      const transaction = this.#redis.multi();
      this.#add(transaction, page);
      await succeed(transaction.pexpire(this.#leaseKey, LEASE));
      page = [];
    };
    for (const entry of entries) {
      page.push(entry);
      if (page.length === PAGE) await flush();
    }
    await flush();
    // A flush of Redis meanwhile also removed the lease. A restart may have kept the lease and lost entries.
    await this.#redis.eval(SET_IF, 2, this.#leaseKey, this.#placeKey, this.#id, writePlace(place));
    if (await this.#identity() !== before) await this.invalidate();
    await this.#redis.del(this.#leaseKey);
  }

  /** One MGET at a time answers all checks that came since the last one. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    await nextTurn(); // the checks of this turn of the event loop share the first one
    while (this.#asked.size > 0) {
      const asked = this.#asked;
      this.#asked = new Map();
      const jtis = [...asked.keys()];
      const values = await this.#valuesOf(jtis.map((jti) => `revoked:${jti}`));
      jtis.forEach((jti, index) => {
        const answer = values && values[index] !== null;
        for (const resolve of asked.get(jti) ?? []) resolve(answer);
      });
    }
    this.#isAsking = false;
  }

  /** Undefined if Redis does not answer in time. */
  #valuesOf(keys: string[]): Promise<(string | null)[] | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => { resolve(undefined); }, CHECK_LIMIT);
      this.#redis.mget(keys).finally(() => { clearTimeout(timer); }).then(resolve, () => { resolve(undefined); });
    });
  }

  #keyOf({ scope, value }: Name): string {
    return scope === "jti" ? `revoked:${value}` : `${this.#prefix}${scope}:${value}`;
  }

  // EXAT instead of EX: Redis then compares the expiry with its own clock; this replica's clock has no influence.
  #add(transaction: ChainableCommander, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const [key, ending] = [this.#keyOf(entry), Math.ceil(entry.expiresAt / 1000)];
      if (isCutoff(entry)) transaction.eval(RAISE, 1, key, entry.issuedBefore, ending);
      else transaction.set(key, "1", "EXAT", ending);
    }
  }

  #readEntry(key: string, value: string, expiresAt: number): Entry[] {
    if (key.startsWith("revoked:"))
      return [{ scope: "jti", value: key.slice("revoked:".length), issuedBefore: FOREVER, expiresAt }];
    const [, scope, name] = /^(sub|client_id|kid):(.*)$/s.exec(key.slice(this.#prefix.length)) ?? [];
    if (scope === undefined || name === undefined) return [];
    return [{ scope: scope as Scope, value: name, issuedBefore: Number(value), expiresAt }];
  }

  /** Which Redis process answers, and with which history of data. */
  async #identity(): Promise<string> {
    const info = await this.#redis.info();
    return [/^run_id:(\w+)/m, /^master_replid:(\w+)/m].map((pattern) => pattern.exec(info)?.[1]).join(" ");
  }
}

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
