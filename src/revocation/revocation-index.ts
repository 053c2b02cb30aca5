import { type Entry, FOREVER, isCutoff, type Name } from "./entry.js";
import { ShardedMap, SHARDS } from "./sharded-map.js";
import { TokenTable } from "./token-table.js";

/** What is revoked, in memory: the entries of the log without their order. */
export class RevocationIndex {
  readonly #tokens = new TokenTable();
  readonly #cutoffs = new ShardedMap<Entry>();

  /** Of two cut-offs with one name, the later instants stay. */
  add(entry: Entry): void {
    if (!isCutoff(entry)) return void this.#tokens.add(entry.value, entry.expiresAt);
    const { scope, value, issuedBefore, expiresAt } = entry;
    const known = this.#cutoffs.get(keyOf(entry));
    this.#cutoffs.set(keyOf(entry), {
      scope, value,
      issuedBefore: Math.max(issuedBefore, known?.issuedBefore ?? 0),
      expiresAt: Math.max(expiresAt, known?.expiresAt ?? 0),
    });
  }

  /** Whether any of `names` was revoked for tokens issued at an instant (epoch ms). */
  revokes(names: readonly Name[], issuedAt: number): boolean {
    return names.some((name) => isBefore(issuedAt, this.#issuedBefore(name)));
  }

  /** Whether it already revokes everything that the entry revokes. */
  includes(entry: Entry): boolean {
    return this.#issuedBefore(entry) >= entry.issuedBefore;
  }

  get cutoffCount(): number { return this.#cutoffs.size; }
  get tokenCount(): number { return this.#tokens.size; }

  /** The cut-offs, in part `part` of `parts` (a power of two up to SHARDS). */
  * cutoffs(part = 0, parts = 1): Generator<Entry> {
    for (const [, entry] of this.#cutoffs.entries(...shardsOf(part, parts))) yield entry;
  }

  /** The same of the revoked tokens. */
  * tokens(part = 0, parts = 1): Generator<Entry> {
    for (const { jti, expiresAt } of this.#tokens.entries(...shardsOf(part, parts)))
      yield { scope: "jti", value: jti, issuedBefore: FOREVER, expiresAt };
  }

  * entries(): Generator<Entry> {
    yield* this.cutoffs();
    yield* this.tokens();
  }

  /** Removes what expired at or before an instant (epoch ms). */
  sweep(before: number): void {
    this.#tokens.sweep(before);
    for (const [key, { expiresAt }] of this.#cutoffs.entries()) if (expiresAt <= before) this.#cutoffs.delete(key);
  }

  /** 0 if the name is not revoked. */
  #issuedBefore(name: Name): number {
    if (isCutoff(name)) return this.#cutoffs.get(keyOf(name))?.issuedBefore ?? 0;
    return this.#tokens.has(name.value) ? FOREVER : 0;
  }
}

const shardsOf = (part: number, parts: number): [from: number, to: number] =>
  [part * SHARDS / parts, (part + 1) * SHARDS / parts];

const keyOf = ({ scope, value }: Name): string => `${scope}:${value}`;

/**
 * FOREVER revokes a token whatever time of issue it claims: an attacker who has the key can write any time. What can't
 * be compared (NaN) counts as revoked.
 */
export const isBefore = (issuedAt: number, issuedBefore: number): boolean =>
  issuedBefore >= FOREVER || !(issuedAt >= issuedBefore);
