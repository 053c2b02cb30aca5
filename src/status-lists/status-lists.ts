import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import { notFound } from "../shared/errors.js";
import { etagOf } from "../shared/etag.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { CutoffJournal } from "../revocation/cutoff.js";
import { sweepAll } from "../shared/sweep.js";
import { signCompact } from "../tokens/jws.js";
import { CutoffIndex } from "./cutoff-index.js";
import { PublishedList } from "./published-list.js";
import { statusListUri } from "../tokens/status-reference.js";
import { packed, STATUS_LIST_TTL, statusListClaims } from "./status-list.js";
import type { StatusListStore } from "./store.js";

/** A Status List Token in JWS compact serialisation; `maxAge` is seconds. */
export interface SignedStatusList { token: string; etag: string; maxAge: number }

/** Milliseconds after an instant for which what was revoked by then is given out: a logout shows within as much. */
const FRESH_FOR = 5000;
/** Lists kept in memory: a full one takes 5 MB of records. Of further ones the records are read for each look. */
const KEPT = 16;

interface Dependencies {
  store: StatusListStore;
  cutoffs: Pick<CutoffJournal, "live">;
  ring: KeyRing;
  clock: Clock;
  publicUrl: string;
}
interface Kept { list: PublishedList; signed: SignedStatusList; asOf: number }

/** The signed lists, of all replicas' tokens. */
export class StatusLists {
  readonly #dependencies: Dependencies;
  readonly #cutoffs: CutoffIndex;
  readonly #kept = new Map<string, Kept>(); // in the order of last use
  readonly #looks = new Map<string, Promise<SignedStatusList>>();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#cutoffs = new CutoffIndex(dependencies.cutoffs, dependencies.clock);
  }

  /**
   * Rejects with not_found for a list that there is not, or not any more, and with temporarily_unavailable where it
   * can't be known what is revoked by now: an old list would call itself fresh.
   */
  async read(id: string): Promise<SignedStatusList> {
    const kept = this.#kept.get(id);
    const age = kept === undefined ? Infinity : this.#dependencies.clock() - kept.asOf;
    if (kept !== undefined && age >= 0 && age < FRESH_FOR) return this.#keep(id, kept).signed;
    const look = this.#looks.get(id) ?? this.#look(id, kept?.list).finally(() => { this.#looks.delete(id); });
    this.#looks.set(id, look);
    return look;
  }

  /** Deletes what belongs to expired tokens. */
  sweep(): Promise<number> {
    const { store, clock } = this.#dependencies;
    return sweepAll((limit) => store.sweep(clock() - CLOCK_TOLERANCE, limit));
  }

  async #look(id: string, known?: PublishedList): Promise<SignedStatusList> {
    const { store, ring, clock, publicUrl } = this.#dependencies;
    const now = clock();
    // Before its batches: of a list that is closed by now they are all there.
    const stored = await store.find(id);
    if (stored === null) {
      this.#kept.delete(id);
      throw notFound("There is no such status list, or its tokens have all expired");
    }
    const asOf = Math.min(now, await this.#cutoffs.refresh());
    const list = known ?? new PublishedList(id, stored.size);
    const lst = await packed(await list.look(store, this.#cutoffs, stored));
    const signer = await ring.currentSigner(clock());
    const token = await signCompact(signer, "statuslist+jwt", statusListClaims(statusListUri(publicUrl, id), lst, asOf));
    return this.#keep(id, { list, asOf, signed: { token, etag: etagOf(token), maxAge: STATUS_LIST_TTL } }).signed;
  }

  #keep(id: string, kept: Kept): Kept {
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    return kept;
  }
}
