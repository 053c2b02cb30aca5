import type { CutoffIndex, Cuts } from "./cutoff-index.js";
import { indexAt, RECORD_BYTES } from "./record.js";
import { setBit } from "./status-list.js";
import type { StatusListStore, StoredStatusList } from "./store.js";

/**
 * Milliseconds without a word from a list's owner after which it counts as dead. It says one every few seconds, and
 * stops giving indexes away before this is over.
 */
export const OWNER_SILENCE_LIMIT = 10_000;
const PAGE = 200;

/**
 * One list, as far as this replica has read it. What it read stays: batches never change, and what is revoked remains
 * so. Hence a new look reads the new batches, and goes through the old ones for new cut-offs alone.
 */
export class PublishedList {
  readonly #id: string;
  readonly #ended: Uint8Array;
  readonly #recorded: Uint8Array;
  readonly #batches: Buffer[] = [];
  #sequence = -1;
  #cutsSeen = 0;

  constructor(id: string, size: number) {
    this.#id = id;
    this.#ended = new Uint8Array(Math.ceil(size / 8));
    this.#recorded = new Uint8Array(Math.ceil(size / 8));
  }

  /**
   * The list's bits by now. `stored` was read before, and `cutoffs` refreshed. Where the owner died with its list open
   * (kill -9, power cut), it may have given away indexes in its last moments that no batch names. No cut-off can find
   * those tokens, so that none may be called valid: all that is not named is INVALID. Of a living owner they are
   * tokens of a moment ago, or none yet; a closed list has none.
   */
  async look(store: StatusListStore, cutoffs: CutoffIndex, { closed, silentFor }: StoredStatusList): Promise<Uint8Array> {
    this.#catchUp(cutoffs);
    for (;;) {
      const batches = await store.batches(this.#id, this.#sequence, PAGE);
      for (const { sequence, records: bytes } of batches) {
        const records = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.#end(records, cutoffs.cuts);
        for (let at = 0; at < records.length; at += RECORD_BYTES) setBit(this.#recorded, indexAt(records, at));
        this.#batches.push(records);
        this.#sequence = sequence;
      }
      if (batches.length < PAGE) break;
    }
    for (const index of await store.revoked(this.#id)) setBit(this.#ended, index);
    if (closed || silentFor <= OWNER_SILENCE_LIMIT) return this.#ended.slice();
    return this.#ended.map((byte, i) => byte | ~(this.#recorded[i] as number));
  }

  #catchUp(cutoffs: CutoffIndex): void {
    const recent = cutoffs.cuts.since(this.#cutsSeen);
    this.#cutsSeen = cutoffs.revision;
    if (recent.isEmpty) return;
    for (const records of this.#batches) this.#end(records, recent);
  }

  #end(records: Buffer, cuts: Cuts): void {
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      if (cuts.ends(records, at)) setBit(this.#ended, indexAt(records, at));
    }
  }
}
