import { type Clock, MAX_CLOCK_ERROR } from "../shared/clock.js";
import { CacheWriter } from "./cache-writer.js";
import type { Cutoff, CutoffJournal } from "./cutoff.js";
import type { Revocation, RevocationJournal } from "./journal.js";
import type { RevocationCache } from "./revocation-cache.js";

interface Dependencies {
  journal: RevocationJournal;
  cutoffs: CutoffJournal;
  cache?: RevocationCache | undefined;
  clock: Clock;
}

/** Brings the revocation cache up to the journals, and deletes from the journals what has expired. */
export class CacheSynchroniser {
  readonly #dependencies: Dependencies;
  readonly tokens: CacheWriter<Revocation>;
  readonly cutoffs: CacheWriter<Cutoff>;

  constructor(dependencies: Dependencies) {
    const { journal, cutoffs, cache } = dependencies;
    this.#dependencies = dependencies;
    this.tokens = new CacheWriter({
      keyOf: ({ jti }) => jti,
      live: (now, { limit, after }) => journal.live(now, { limit, ...(after && { after: after.jti }) }),
      uncached: (now, limit) => journal.uncached(now, limit),
      markCached: (entries) => journal.markCached(entries.map(({ jti }) => jti)),
      sweep: (before, limit) => journal.sweep(before, limit),
      put: async (entries, published) => cache?.put(entries, published),
    });
    this.cutoffs = new CacheWriter<Cutoff>({
      ...cutoffs,
      keyOf: ({ scope, value, issuedBefore, expiresAt }) => [scope, issuedBefore, expiresAt, value].join(" "),
      put: async (entries, published) => cache?.putCutoffs(entries, published),
    });
  }

  /** Whether there is a cache at all. */
  get isOn(): boolean { return this.#dependencies.cache !== undefined; }

  /**
   * Puts everything into a cache that lost its contents, else what some replica recorded and could not put there.
   * Rejects when the cache is out of reach.
   */
  async synchronise(): Promise<void> {
    const { cache } = this.#dependencies;
    if (cache === undefined) return;
    if (!await cache.isComplete()) {
      await cache.fill(async () => {
        await this.cutoffs.fill(() => this.#pastForAll());
        await this.tokens.fill(() => this.#pastForAll());
      });
    }
    await this.cutoffs.catchUp(this.#pastForAll());
    await this.tokens.catchUp(this.#pastForAll());
  }

  /** Whether the cache holds all that the journals hold (true where there is none). Rejects when it is out of reach. */
  async isComplete(): Promise<boolean> {
    return await this.#dependencies.cache?.isComplete() ?? true;
  }

  /** Deletes revocations whose tokens have expired, by every replica's clock; returns how many. */
  async sweep(): Promise<number> {
    return await this.tokens.sweep(this.#pastForAll()) + await this.cutoffs.sweep(this.#pastForAll());
  }

  /** An instant that is past for every replica, also where this one's clock is ahead. */
  #pastForAll(): number {
    return this.#dependencies.clock() - MAX_CLOCK_ERROR;
  }
}
