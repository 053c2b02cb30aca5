import { type Entry, FOREVER, type Name } from "../../src/revocation/entry.js";
import { namesOf } from "../../src/revocation/revocation-state.js";
import { AuthflowError } from "../../src/shared/errors.js";
import { issuedAtMs } from "../../src/tokens/issued-at.js";
import type { VerifiedToken } from "../../src/tokens/verifier.js";
import type { Database } from "./database.js";
import { CHECK_LIMIT, type Redis } from "./redis.js";
import type { Replica } from "./replica.js";
import type { VirtualTime } from "./virtual-time.js";

export interface Token extends VerifiedToken { issuedAt: number; expiresAt: number }

interface Revocation {
  what: string;
  /** Each of these would do: a token may be revoked by its id or by a cut-off. */
  anyOf: Entry[];
  covers: (token: Token) => boolean;
  expiresAt: number;
}

/** A revocation that was confirmed to its caller. */
interface Acknowledged extends Revocation {
  at: number;
  /** The database lost it, and it was not given back yet. */
  isMissing: boolean;
  losses: number;
  lostAt: number;
  /** Memories that had it. One that lives must not forget it. */
  holders: Set<Replica>;
  /** The database lost it, and so did everything that held it, before it was given back. */
  isGone: boolean;
}

/** Which replica confirmed a request that began at `since`, and whether it had a copy of the log then. */
export interface Confirmation { by: Replica; wasFilled: boolean; since: number }

interface Dependencies {
  time: VirtualTime;
  database: Database;
  redises: readonly Redis[];
  replicas: () => Iterable<Replica>;
}

/** Knows what was promised, and notes each promise that was broken. */
export class Judge {
  readonly #dependencies: Dependencies;
  readonly #acknowledged: Acknowledged[] = [];
  readonly violations: string[] = [];
  /**
   * A replica that never had a revocation accepts the token after the database lost it, until another one gives it
   * back, if one of them has just started, so that it has not heard of the other: the milliseconds since the loss of
   * each such answer.
   */
  readonly window: number[] = [];
  readonly counts = { acknowledged: 0, checks: 0, refused: 0, lost: 0, gone: 0 };
  /** What the log revokes, and the entries that this was made from. */
  readonly #log = new Map<string, number>();
  #entries: readonly Entry[] = [];

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  acknowledgeToken(by: Confirmation, token: Token): void {
    const { claims: { jti } } = token;
    const anyOf = namesOf(token).map((name) => entryOf(name, token.issuedAt + 1, token.expiresAt));
    const covers = (other: Token): boolean => other.claims.jti === jti;
    this.#acknowledge(by, { what: `token ${jti}`, anyOf, covers, expiresAt: token.expiresAt });
  }

  /** Everything that was issued for a name before the request began. */
  acknowledgeCutoff(by: Confirmation, name: Name, ttl: number): void {
    const { since } = by;
    const expiresAt = since + ttl * 1000;
    const covers = (token: Token): boolean =>
      (token.issuedAt <= since || name.scope === "kid") &&
      namesOf(token).some(({ scope, value }) => scope === name.scope && value === name.value);
    this.#acknowledge(by, {
      what: `${name.scope} ${name.value}`, anyOf: [entryOf(name, since + 1, expiresAt)], covers, expiresAt,
    });
  }

  /** To be called whenever the database has changed. */
  compareWithLog(): void {
    const { time, database } = this.#dependencies;
    const { entries } = database.contents;
    if (entries !== this.#entries) {
      this.#entries = entries;
      this.#log.clear();
      for (const entry of entries) {
        const key = keyOf(entry);
        this.#log.set(key, Math.max(entry.issuedBefore, this.#log.get(key) ?? 0));
      }
    }
    for (const one of this.#live()) {
      const isMissing = !one.anyOf.some((entry) => (this.#log.get(keyOf(entry)) ?? 0) >= entry.issuedBefore);
      if (isMissing && !one.isMissing) {
        one.losses++;
        this.counts.lost++;
        one.lostAt = time.now;
      }
      one.isMissing = isMissing;
    }
  }

  /** To be called after each fault: what is neither in the log nor in anything that lives can't come back. */
  compareWithOutlets(): void {
    const { replicas, redises } = this.#dependencies;
    for (const one of this.#live()) {
      for (const replica of replicas()) if (one.anyOf.some((entry) => replica.knows(entry))) one.holders.add(replica);
      for (const holder of one.holders) if (!holder.isAlive) one.holders.delete(holder);
      if (!one.isMissing || one.isGone || one.holders.size > 0) continue;
      if (redises.some((redis) => one.anyOf.some((entry) => redis.issuedBefore(entry) >= entry.issuedBefore))) continue;
      one.isGone = true;
      this.counts.gone++;
    }
  }

  /** Watches the answer to a live check. */
  async check(replica: Replica, token: Token): Promise<void> {
    const { time } = this.#dependencies;
    const relevant = [...this.#live()].filter(({ covers }) => covers(token))
      .map((one) => {
        const wasKnown = one.anyOf.some((entry) => replica.knows(entry));
        return { one, wasMissing: one.isMissing, losses: one.losses, wasKnown, wasShown: this.#isShown(one, replica) };
      });
    const { cutSince } = replica.databaseLink;
    const [startedAt, failures] = [time.now, replica.redisLink.failures];
    const isRevoked = await replica.state.isRevoked(token).catch((error: unknown) => {
      this.expectUnavailable(error, "a live check");
      return true;
    });
    this.counts.checks++;
    if (isRevoked) return void this.counts.refused++;
    const where = `token ${token.claims.jti} at ${replica.name}`;
    const { redis, redisLink, databaseLink } = replica;
    const isAlone = redis === undefined || (redisLink.cutSince !== undefined && redisLink.cutSince <= startedAt);
    if (isAlone && cutSince !== undefined && databaseLink.cutSince === cutSince)
      this.violations.push(`accepted without the database: ${where}`);
    for (const { one, wasMissing, losses, wasKnown, wasShown } of relevant) {
      if (one.expiresAt <= time.now || (one.isGone && !wasKnown)) continue;
      if (wasKnown) this.violations.push(`accepted although its memory had ${one.what}: ${where}`);
      else if (!wasMissing && losses === one.losses)
        this.violations.push(`accepted although the log had ${one.what} the whole time: ${where}`);
      else if (wasShown && this.#isShown(one, replica) && failures === redisLink.failures &&
        time.now - startedAt < CHECK_LIMIT)
        this.violations.push(`accepted although its Redis had ${one.what}: ${where}`);
      else if ([...one.holders].some(({ id }) => (replica.met.get(id) ?? Infinity) <= one.lostAt))
        this.violations.push(`accepted although a memory that it knew of had ${one.what}: ${where}`);
      else {
        this.window.push(time.now - one.lostAt);
      }
    }
  }

  /** What a subscriber must know that is told it is current, having connected at `since` (epoch ms). */
  checkSubscriber(knows: (entry: Entry) => boolean, since: number): void {
    for (const one of this.#live()) {
      if (one.at >= since || one.isMissing || one.losses > 0 || one.anyOf.some(knows)) continue;
      this.violations.push(`a subscriber is current without ${one.what}`);
    }
  }

  /** What must hold once everything is repaired and some time has passed. */
  checkEnd(subscribers: readonly { knows: (entry: Entry) => boolean }[]): void {
    const { time, database, redises, replicas } = this.#dependencies;
    for (const { what, isMissing, isGone } of this.#live())
      if (isMissing && !isGone) this.violations.push(`the log lacks ${what}`);
    for (const entry of database.contents.entries) {
      if (entry.expiresAt <= time.now) continue;
      const what = `${entry.scope} ${entry.value}`;
      if (subscribers.some((one) => !one.knows(entry))) this.violations.push(`a subscriber lacks ${what}`);
      for (const redis of redises) {
        if (redis.hasEvicted || ![...replicas()].some((replica) => replica.redis === redis)) continue;
        if (redis.issuedBefore(entry) < entry.issuedBefore) this.violations.push(`${redis.name} lacks ${what}`);
      }
    }
  }

  /** Notes an error that is not a 503. */
  expectUnavailable(error: unknown, what: string): void {
    if (error instanceof AuthflowError && error.status === 503) return;
    this.violations.push(`${what} failed: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /** Whether the replica's Redis shows it, and answers. */
  #isShown({ anyOf }: Acknowledged, { redis, redisLink }: Replica): boolean {
    return redis !== undefined && redis.isUp && redisLink.cutSince === undefined &&
      anyOf.some((entry) => redis.issuedBefore(entry) >= entry.issuedBefore);
  }

  #acknowledge({ by, wasFilled }: Confirmation, one: Revocation): void {
    this.counts.acknowledged++;
    this.#acknowledged.push({
      ...one, at: this.#dependencies.time.now, isMissing: false, losses: 0, lostAt: 0,
      isGone: false, holders: new Set(wasFilled ? [by] : []),
    });
    this.compareWithLog();
    this.compareWithOutlets();
  }

  * #live(): Generator<Acknowledged> {
    for (const one of this.#acknowledged) if (one.expiresAt > this.#dependencies.time.now) yield one;
  }
}

const keyOf = ({ scope, value }: Name): string => `${scope}:${value}`;

const entryOf = (name: Name, issuedBefore: number, expiresAt: number): Entry =>
  ({ ...name, issuedBefore: name.scope === "jti" || name.scope === "kid" ? FOREVER : issuedBefore, expiresAt });

export const tokenOf = (claims: VerifiedToken["claims"], kid: string): Token =>
  ({ claims, kid, issuedAt: issuedAtMs(claims), expiresAt: claims.exp * 1000 });
