import { type Entry, FOREVER, isCutoff, type Name, partsOf } from "../revocation/entry.js";
import type { LogFollower } from "../revocation/log-follower.js";
import { unavailable } from "../shared/errors.js";
import { CLIENT_HASH_OFFSET, HASH_OFFSETS, nameHash, readIssuedAt } from "./record.js";

const UNKNOWN = "What is revoked can't be known right now: try again";

/** The two halves of the hash of what is named. `client`: only tokens that this client was issued. */
interface HashedName { head: number; tail: number; client?: { head: number; tail: number } }
/** `revision`: the index's revision when the cut-off was added. */
interface HashedCutoff extends HashedName { issuedBefore: number; expiresAt: number; revision: number }

/** Cut-offs by the hashes of what they name. */
export class CutoffSet {
  readonly #byHead = new Map<number, HashedCutoff[]>();

  get isEmpty(): boolean { return this.#byHead.size === 0; }

  /** Returns whether the cut-off revokes more than the set did before. */
  put(cutoff: HashedCutoff): boolean {
    const { head, issuedBefore, expiresAt } = cutoff;
    const bucket = this.#byHead.get(head) ?? [];
    const known = bucket.find((one) => isSameName(one, cutoff));
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
      if (bucket.some((cutoff) => cutoff.tail === tail && revokes(cutoff, records, offset))) return true;
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
    for (const [head, bucket] of this.#byHead) {
      const rest = bucket.filter(({ expiresAt }) => expiresAt > before);
      if (rest.length > 0) this.#byHead.set(head, rest);
      else this.#byHead.delete(head);
    }
  }

  * #all(): Generator<HashedCutoff> {
    for (const bucket of this.#byHead.values()) yield* bucket;
  }
}

const isSameName = (a: HashedName, b: HashedName): boolean =>
  a.head === b.head && a.tail === b.tail && a.client?.head === b.client?.head && a.client?.tail === b.client?.tail;

/** Whether the cut-off revokes the token whose record begins at `offset`, and which has the hash of its name. */
function revokes({ client, issuedBefore }: HashedCutoff, records: Buffer, offset: number): boolean {
  const at = offset + CLIENT_HASH_OFFSET;
  if (client !== undefined && records.readUInt32LE(at) !== client.head) return false;
  if (client !== undefined && records.readUInt32LE(at + 4) !== client.tail) return false;
  // FOREVER: a token under a compromised key may claim any time of issue.
  return issuedBefore >= FOREVER || readIssuedAt(records, offset) < issuedBefore;
}

function hashedName({ scope, value }: Name): HashedName {
  const { name, clientId } = partsOf({ scope, value });
  const client = clientId === undefined ? {} : { client: halves({ scope: "client_id", value: clientId }) };
  return { ...halves(name), ...client };
}

function halves(name: Name): { head: number; tail: number } {
  const hash = nameHash(name);
  return { head: hash.readUInt32LE(), tail: hash.readUInt32LE(4) };
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

  /**
   * Resolves when the set has everything that the log held at the time of the call. Rejects with
   * temporarily_unavailable, also while a long log takes its time at the start.
   */
  async refresh(): Promise<void> {
    await this.#follower.current().catch((cause: unknown) => { throw unavailable(UNKNOWN, cause); });
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#cutoffs = new CutoffSet();
    for (const cutoff of this.#follower.index.cutoffs()) this.#put(cutoff);
  }

  #put(entry: Entry): void {
    if (!isCutoff(entry)) return;
    const { issuedBefore, expiresAt } = entry;
    const revision = this.#revision + 1;
    if (this.#cutoffs.put({ ...hashedName(entry), issuedBefore, expiresAt, revision })) this.#revision = revision;
  }
}
