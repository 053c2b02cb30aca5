import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import { type Cutoff, type CutoffJournal, FOREVER } from "../revocation/cutoff.js";
import { HASH_OFFSETS, nameHash, readIssuedAt } from "./record.js";

/** Milliseconds for which all lists use the result of one read. */
const FRESH_FOR = 1000;
/** Milliseconds between two reads of all cut-offs. Reads in between fetch only those that may be new. */
const FULL_READ_INTERVAL = 60_000;
/** A replica's clock may lag, and writing takes time: a cut-off may appear later than its instant. Milliseconds. */
const OVERLAP = 2 * CLOCK_TOLERANCE;
const PAGE = 2000;

/** `head` and `tail`: the two halves of the hash. `revision`: the index's revision when the cut-off was added. */
interface HashedCutoff { head: number; tail: number; issuedBefore: number; expiresAt: number; revision: number }

/** Cut-offs by the hashes of what they name. */
export class CutoffSet {
  readonly #byHead = new Map<number, HashedCutoff[]>();

  get isEmpty(): boolean { return this.#byHead.size === 0; }

  /** Returns whether the cut-off revokes more than the set did before. */
  put(cutoff: HashedCutoff): boolean {
    const { head, tail, issuedBefore, expiresAt } = cutoff;
    const bucket = this.#byHead.get(head) ?? [];
    const known = bucket.find((one) => one.tail === tail);
    if (known !== undefined && known.issuedBefore >= issuedBefore) {
      known.expiresAt = Math.max(known.expiresAt, expiresAt);
      return false;
    }
    this.#byHead.set(head, [...bucket.filter((one) => one !== known), cutoff]);
    return true;
  }

  /** Whether a cut-off revokes the token whose record begins at the byte `offset`. */
  covers(records: Buffer, offset: number): boolean {
    for (const hashOffset of HASH_OFFSETS) {
      const bucket = this.#byHead.get(records.readUInt32LE(offset + hashOffset));
      if (bucket === undefined) continue;
      const tail = records.readUInt32LE(offset + hashOffset + 4);
      const cutoff = bucket.find((one) => one.tail === tail);
      if (cutoff === undefined) continue;
      // FOREVER: a token under a compromised key may claim any time of issue.
      if (cutoff.issuedBefore >= FOREVER || readIssuedAt(records, offset) < cutoff.issuedBefore) return true;
    }
    return false;
  }

  /** The cut-offs that were added after `revision`. */
  since(revision: number): CutoffSet {
    const recent = new CutoffSet();
    for (const cutoff of this.#all()) if (cutoff.revision > revision) recent.put(cutoff);
    return recent;
  }

  /** Removes the cut-offs that expired at or before an instant (epoch ms). */
  sweep(before: number): void {
    for (const { head, tail, expiresAt } of [...this.#all()]) {
      if (expiresAt > before) continue;
      const rest = this.#byHead.get(head)?.filter((one) => one.tail !== tail) ?? [];
      if (rest.length > 0) this.#byHead.set(head, rest);
      else this.#byHead.delete(head);
    }
  }

  * #all(): Generator<HashedCutoff> {
    for (const bucket of this.#byHead.values()) yield* bucket;
  }
}

/** The live cut-offs, as of the last read of the database. */
export class CutoffIndex {
  readonly #journal: Pick<CutoffJournal, "live">;
  readonly #clock: Clock;
  readonly cutoffs = new CutoffSet();
  /** Raised with each cut-off that is added, also during a read. */
  revision = 0;
  #asOf = -Infinity;
  #fullyReadAsOf = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(journal: Pick<CutoffJournal, "live">, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Reads new cut-offs. Resolves to an instant (epoch ms): the set has everything that was recorded before it. */
  async refresh(): Promise<number> {
    const age = this.#clock() - this.#asOf;
    if (age < 0 || age >= FRESH_FOR) {
      this.#reading ??= this.#read().finally(() => { this.#reading = undefined; });
      await this.#reading;
    }
    return this.#asOf;
  }

  async #read(): Promise<void> {
    const asOf = this.#clock();
    const isFull = Math.abs(asOf - this.#fullyReadAsOf) >= FULL_READ_INTERVAL;
    const recent = isFull ? {} : { newerThan: this.#asOf - OVERLAP };
    let after: Cutoff | undefined;
    for (;;) {
      const page = await this.#journal.live(asOf - CLOCK_TOLERANCE,
        { limit: PAGE, ...recent, ...(after === undefined ? {} : { after }) });
      for (const cutoff of page) {
        const hash = nameHash(cutoff);
        const { issuedBefore, expiresAt } = cutoff;
        const [head, tail, revision] = [hash.readUInt32LE(), hash.readUInt32LE(4), this.revision + 1];
        if (this.cutoffs.put({ head, tail, issuedBefore, expiresAt, revision })) this.revision = revision;
      }
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
    if (isFull) {
      this.cutoffs.sweep(asOf - CLOCK_TOLERANCE);
      this.#fullyReadAsOf = asOf;
    }
    this.#asOf = asOf;
  }
}
