import { type Clock, CLOCK_TOLERANCE } from "../shared/clock.js";
import { type Cutoff, type CutoffJournal, FOREVER } from "../revocation/cutoff.js";
import { birthAt, HASHES_AT, nameHash } from "./record.js";

/** Milliseconds for which all lists go by one reading. */
const SHARED_FOR = 1000;
/** Between two readings of all cut-offs, only those that may be new are read. */
const WHOLE_EVERY = 60_000;
/** A cut-off's instant is its replica's clock, which may lag, and it takes a while to be written. */
const OVERLAP = 2 * CLOCK_TOLERANCE;
const PAGE = 2000;

interface Cut { head: number; tail: number; issuedBefore: number; expiresAt: number; learnt: number }

/** Cut-offs by the hashes of what they end. */
export class Cuts {
  readonly #byHead = new Map<number, Cut[]>();

  get isEmpty(): boolean { return this.#byHead.size === 0; }

  /** Whether that says anything new. */
  put(cut: Cut): boolean {
    const { head, tail, issuedBefore, expiresAt } = cut;
    const neighbours = this.#byHead.get(head) ?? [];
    const known = neighbours.find((one) => one.tail === tail);
    if (known !== undefined && known.issuedBefore >= issuedBefore) {
      known.expiresAt = Math.max(known.expiresAt, expiresAt);
      return false;
    }
    this.#byHead.set(head, [...neighbours.filter((one) => one !== known), cut]);
    return true;
  }

  /** Whether one of them ends the token whose record stands at `at`. */
  ends(records: Buffer, at: number): boolean {
    for (const offset of HASHES_AT) {
      const neighbours = this.#byHead.get(records.readUInt32LE(at + offset));
      if (neighbours === undefined) continue;
      const tail = records.readUInt32LE(at + offset + 4);
      const cut = neighbours.find((one) => one.tail === tail);
      // As everywhere: a revoked key's tokens may claim any birth.
      if (cut !== undefined && (cut.issuedBefore >= FOREVER || birthAt(records, at) < cut.issuedBefore)) return true;
    }
    return false;
  }

  /** Those that were learnt after that. */
  since(revision: number): Cuts {
    const recent = new Cuts();
    for (const cut of this.#all()) if (cut.learnt > revision) recent.put(cut);
    return recent;
  }

  forget(before: number): void {
    for (const { head, tail, expiresAt } of [...this.#all()]) {
      if (expiresAt > before) continue;
      const rest = this.#byHead.get(head)?.filter((one) => one.tail !== tail) ?? [];
      if (rest.length > 0) this.#byHead.set(head, rest);
      else this.#byHead.delete(head);
    }
  }

  * #all(): Generator<Cut> {
    for (const neighbours of this.#byHead.values()) yield* neighbours;
  }
}

/** The live cut-offs, as the database knew them a moment ago. */
export class CutoffIndex {
  readonly #journal: Pick<CutoffJournal, "live">;
  readonly #clock: Clock;
  readonly cuts = new Cuts();
  /** The number of the latest new one, also of a reading that is under way. */
  revision = 0;
  #asOf = -Infinity;
  #wholeAsOf = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(journal: Pick<CutoffJournal, "live">, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Reads what is new. Resolves to an instant (epoch ms); everything that was recorded before it is known. */
  async refresh(): Promise<number> {
    const age = this.#clock() - this.#asOf;
    if (age < 0 || age >= SHARED_FOR) {
      this.#reading ??= this.#read().finally(() => { this.#reading = undefined; });
      await this.#reading;
    }
    return this.#asOf;
  }

  async #read(): Promise<void> {
    const asOf = this.#clock();
    const whole = Math.abs(asOf - this.#wholeAsOf) >= WHOLE_EVERY;
    const recent = whole ? {} : { newerThan: this.#asOf - OVERLAP };
    let after: Cutoff | undefined;
    for (;;) {
      const page = await this.#journal.live(asOf - CLOCK_TOLERANCE,
        { limit: PAGE, ...recent, ...(after === undefined ? {} : { after }) });
      for (const cutoff of page) {
        const hash = nameHash(cutoff);
        const { issuedBefore, expiresAt } = cutoff;
        const learnt = this.revision + 1;
        if (this.cuts.put({ head: hash.readUInt32LE(), tail: hash.readUInt32LE(4), issuedBefore, expiresAt, learnt }))
          this.revision = learnt;
      }
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
    if (whole) {
      this.cuts.forget(asOf - CLOCK_TOLERANCE);
      this.#wholeAsOf = asOf;
    }
    this.#asOf = asOf;
  }
}
