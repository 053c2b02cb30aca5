import { setImmediate as nextTurn } from "node:timers/promises";
import type { Redis } from "ioredis";
import { isCutoff, type Name } from "../../revocation/entry.js";
import { isBefore } from "../../revocation/revocation-index.js";
import type { CircuitBreaker } from "../../shared/circuit-breaker.js";
import { breakerOf } from "./breaker.js";
import type { RevocationKeys } from "./revocation-keys.js";

/** Milliseconds that a live check waits for Redis. */
const LIMIT = 100;

interface Question { names: readonly Name[]; issuedAt: number; answer: (revoked: boolean | undefined) => void }

/** What live checks ask Redis. One MGET at a time answers all questions that came since the last one. */
export class RevocationQuestions {
  readonly #redis: Redis;
  readonly #keys: RevocationKeys;
  /** Other calls have their own: they wait for longer, and a moment's pause must not fail them. */
  readonly #breaker: CircuitBreaker;
  #questions: Question[] = [];
  #isAsking = false;

  constructor(redis: Redis, keys: RevocationKeys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#breaker = breakerOf(redis);
  }

  /** As RevocationOutlet.isRevoked. */
  ask(names: readonly Name[], issuedAt: number): Promise<boolean | undefined> {
    if (this.#redis.status !== "ready" || this.#breaker.isOpen) return Promise.resolve(undefined);
    return new Promise((answer) => {
      this.#questions.push({ names, issuedAt, answer });
      if (!this.#isAsking) void this.#answerAll();
    });
  }

  async #answerAll(): Promise<void> {
    this.#isAsking = true;
    await nextTurn(); // the checks of this turn of the event loop share the first one
    while (this.#questions.length > 0) {
      const questions = this.#questions;
      this.#questions = [];
      const keys = [...new Set(questions.flatMap(({ names }) => names.map((name) => this.#keys.of(name))))];
      const values = await this.#valuesOf([this.#keys.place, ...keys]);
      const isFilled = values?.shift() != null;
      const found = values && new Map(keys.map((key, index) => [key, values[index] ?? null]));
      for (const { names, issuedAt, answer } of questions) {
        const revoked = found && names.some((name) => revokes(name, found.get(this.#keys.of(name)), issuedAt));
        answer(revoked === false && !isFilled ? undefined : revoked);
      }
    }
    this.#isAsking = false;
  }

  /** Undefined if Redis does not answer in time. */
  #valuesOf(keys: string[]): Promise<(string | null)[] | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#breaker.open();
        resolve(undefined);
      }, LIMIT);
      this.#redis.mget(keys).finally(() => { clearTimeout(timer); }).then(resolve, () => { resolve(undefined); });
    });
  }
}

/** Any value of `revoked:<jti>` revokes the token: another service may have written it. */
const revokes = (name: Name, value: string | null | undefined, issuedAt: number): boolean =>
  value !== null && value !== undefined && (!isCutoff(name) || isBefore(issuedAt, Number(value)));
