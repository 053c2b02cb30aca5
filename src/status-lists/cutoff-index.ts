import { type Entry, FOREVER, isCutoff } from "../revocation/entry.js";
import type { LogFollower } from "../revocation/log-follower.js";
import { HASH_OFFSETS, nameHash, readIssuedAt } from "./record.js";

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

/** The cut-offs that the revocation log holds. */
export class CutoffIndex {
  readonly #follower: LogFollower;
  #cutoffs = new CutoffSet();
  /** Raised with each cut-off that is added. */
  #revision = 0;
  #isStale = true;

  constructor(follower: LogFollower) {
    this.#follower = follower;
    follower.listen({
      applied: (entries) => { if (!this.#isStale) for (const entry of entries) this.#put(entry); },
      replaced: () => { this.#isStale = true; },
    });
  }

  get cutoffs(): CutoffSet { return this.#cutoffs; }
  get revision(): number { return this.#revision; }

  /** Resolves when the set has everything that the log held at the time of the call. */
  async refresh(): Promise<void> {
    await this.#follower.current();
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#cutoffs = new CutoffSet();
    for (const cutoff of this.#follower.index.cutoffs()) this.#put(cutoff);
  }

  #put(entry: Entry): void {
    if (!isCutoff(entry)) return;
    const hash = nameHash(entry);
    const { issuedBefore, expiresAt } = entry;
    const [head, tail, revision] = [hash.readUInt32LE(), hash.readUInt32LE(4), this.#revision + 1];
    if (this.#cutoffs.put({ head, tail, issuedBefore, expiresAt, revision })) this.#revision = revision;
  }
}
