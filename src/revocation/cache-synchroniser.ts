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

/** Brings the revocation cache up to date with the journals, and deletes expired entries from the journals. */
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

  get hasCache(): boolean { return this.#dependencies.cache !== undefined; }

  /**
   * Puts everything into a cache that lost its contents, and then what replicas recorded but could not put there.
   * Rejects if the cache can't be reached.
   */
  async synchronise(): Promise<void> {
    const { cache } = this.#dependencies;
    if (cache === undefined) return;
    if (!await cache.isComplete()) {
      await cache.fill(async () => {
        await this.cutoffs.fill(() => this.#earliestNow());
        await this.tokens.fill(() => this.#earliestNow());
      });
    }
    await this.cutoffs.catchUp(this.#earliestNow());
    await this.tokens.catchUp(this.#earliestNow());
  }

  /** Whether the cache holds everything in the journals; true if there is no cache. Rejects if it can't be reached. */
  async isComplete(): Promise<boolean> {
    return await this.#dependencies.cache?.isComplete() ?? true;
  }

  /** Deletes revocations whose tokens have expired by the clock of every replica; returns how many. */
  async sweep(): Promise<number> {
    return await this.tokens.sweep(this.#earliestNow()) + await this.cutoffs.sweep(this.#earliestNow());
  }

  /** The earliest time (epoch ms) that any replica's clock may show now, even if this one's is ahead. */
  #earliestNow(): number {
    return this.#dependencies.clock() - MAX_CLOCK_ERROR;
  }
}
