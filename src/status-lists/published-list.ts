import type { CutoffIndex, CutoffSet } from "./cutoff-index.js";
import { readIndex, RECORD_BYTES } from "./record.js";
import { setBit } from "./status-list.js";
import type { StatusListStore, StoredStatusList } from "./store.js";

/**
 * Milliseconds after which a list's owner is considered dead if it has not touched the list. A living owner touches it
 * every few seconds; an owner that can't stops assigning indexes before this time is over.
 */
export const OWNER_SILENCE_LIMIT = 10_000;
const PAGE = 1000;

/**
 * One list, as far as this replica has read it. Batches never change, and revoked tokens stay revoked. Each read
 * therefore fetches only the new batches, and checks the old ones against new cut-offs only.
 */
export class PublishedList {
  readonly #id: string;
  /** One bit an index: the token is revoked. */
  readonly #revoked: Uint8Array;
  /** One bit an index: a batch has the token's record. */
  readonly #recorded: Uint8Array;
  readonly #batches: Buffer[] = [];
  #sequence = -1;
  /** The revision of the cut-offs with which the batches were last compared. */
  #cutoffRevision = 0;

  constructor(id: string, size: number) {
    this.#id = id;
    this.#revoked = new Uint8Array(Math.ceil(size / 8));
    this.#recorded = new Uint8Array(Math.ceil(size / 8));
  }

  /**
   * The list's current bits, one an index. The caller has read the third argument and refreshed `cutoffs` before.
   *
   * An owner that died with its list open (kill -9, power cut) may have assigned its last indexes without recording
   * them in a batch. No cut-off can find those tokens, so they must not be reported as valid: every index without a
   * record is INVALID. If the owner is alive, an index without a record belongs to a token of a moment ago or to none;
   * if the list is closed, it belongs to none.
   */
  async read(
    store: StatusListStore,
    cutoffs: CutoffIndex,
    { closed, silentFor }: StoredStatusList,
  ): Promise<Uint8Array> {
    this.#applyNewCutoffs(cutoffs);
    for (;;) {
      const batches = await store.batches(this.#id, this.#sequence, PAGE);
      for (const { sequence, records: bytes } of batches) {
        const records = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.#apply(cutoffs.cutoffs, records);
        for (let at = 0; at < records.length; at += RECORD_BYTES) setBit(this.#recorded, readIndex(records, at));
        this.#batches.push(records);
        this.#sequence = sequence;
      }
      if (batches.length < PAGE) break;
    }
    for (const index of await store.revoked(this.#id)) setBit(this.#revoked, index);
    if (closed || silentFor <= OWNER_SILENCE_LIMIT) return this.#revoked.slice();
    return this.#revoked.map((byte, i) => byte | ~(this.#recorded[i] as number));
  }

  #applyNewCutoffs({ cutoffs, revision }: CutoffIndex): void {
    const recent = cutoffs.since(this.#cutoffRevision);
    this.#cutoffRevision = revision;
    if (recent.isEmpty) return;
    for (const records of this.#batches) this.#apply(recent, records);
  }

  #apply(cutoffs: CutoffSet, records: Buffer): void {
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      if (cutoffs.covers(records, at)) setBit(this.#revoked, readIndex(records, at));
    }
  }
}
