import type { Clock } from "../shared/clock.js";
import { notFound } from "../shared/errors.js";
import { etagOf } from "../shared/etag.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { LogFollower } from "../revocation/log-follower.js";
import { RecentlyUsed } from "../shared/recently-used.js";
import { sweepAll } from "../shared/sweep.js";
import { signCompact } from "../tokens/jws.js";
import { CutoffIndex } from "./cutoff-index.js";
import { PublishedList } from "./published-list.js";
import { statusListUri } from "../tokens/status-reference.js";
import { encodeList, STATUS_LIST_TTL, statusListClaims } from "./status-list.js";
import type { StatusListStore } from "./store.js";

/** A Status List Token in JWS compact serialisation; `maxAge` is seconds. */
export interface SignedStatusList { token: string; etag: string; maxAge: number }

/** Milliseconds for which a signed list is served. A list shows a logout within this time. */
const FRESH_FOR = 5000;
/** Lists kept in memory; a full one has about 5 MB of records. A read of any other list fetches all its records. */
const CAPACITY = 16;

interface Dependencies {
  store: StatusListStore;
  follower: LogFollower;
  ring: KeyRing;
  clock: Clock;
  publicUrl: string;
}
interface Kept { list: PublishedList; signed: SignedStatusList; asOf: number }

/** The signed lists of the tokens that any replica issued. */
export class StatusLists {
  readonly #dependencies: Dependencies;
  readonly #cutoffs: CutoffIndex;
  readonly #kept = new RecentlyUsed<Kept>(CAPACITY);
  readonly #refreshing = new Map<string, Promise<SignedStatusList>>();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#cutoffs = new CutoffIndex(dependencies.follower);
  }

  /**
   * Rejects with not_found if the list does not exist or has expired, and with temporarily_unavailable if it can't be
   * known what is revoked now: an outdated list must not be signed as a fresh one.
   */
  async read(id: string): Promise<SignedStatusList> {
    const kept = this.#kept.get(id);
    const age = kept === undefined ? Infinity : this.#dependencies.clock() - kept.asOf;
    if (kept !== undefined && age >= 0 && age < FRESH_FOR) return kept.signed;
    const refreshing = this.#refreshing.get(id)
      ?? this.#refresh(id, kept?.list).finally(() => { this.#refreshing.delete(id); });
    this.#refreshing.set(id, refreshing);
    return refreshing;
  }

  /** Deletes lists and batches whose tokens all expired before an instant (epoch ms); returns how many. */
  sweep(before: number): Promise<number> {
    this.#cutoffs.cutoffs.sweep(before);
    return sweepAll((limit) => this.#dependencies.store.sweep(before, limit));
  }

  async #refresh(id: string, known?: PublishedList): Promise<SignedStatusList> {
    const { store, ring, clock, publicUrl } = this.#dependencies;
    const now = clock();
    // Read before the batches: if the list is closed at this point, all its batches exist.
    const stored = await store.find(id);
    if (stored === null) {
      this.#kept.delete(id);
      throw notFound("There is no such status list, or its tokens have all expired");
    }
    await this.#cutoffs.refresh();
    const list = known ?? new PublishedList(id, stored.size);
    const lst = await encodeList(await list.read(store, this.#cutoffs, stored));
    const claims = statusListClaims(statusListUri(publicUrl, id), lst, now);
    const signer = await ring.currentSigner(clock());
    const token = await signCompact(signer, "statuslist+jwt", claims);
    const signed = { token, etag: etagOf(token), maxAge: STATUS_LIST_TTL };
    this.#kept.set(id, { list, asOf: now, signed });
    return signed;
  }
}
