import { type Entry, FOREVER, isCutoff, type Name } from "./entry.js";
import { SHARDS, TokenTable } from "./token-table.js";

/** What is revoked, in memory: the entries of the log without their order. */
export class RevocationIndex {
  readonly #tokens = new TokenTable();
  readonly #cutoffs = new Map<string, Entry>();

  get size(): number { return this.#tokens.size + this.#cutoffs.size; }

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

  /** The cut-offs. */
  cutoffs(): Iterable<Entry> {
    return this.#cutoffs.values();
  }

  /** The revoked tokens, in part `part` of `parts` (a power of two up to SHARDS). */
  * tokens(part = 0, parts = 1): Generator<Entry> {
    const shards = SHARDS / parts;
    for (const { jti, expiresAt } of this.#tokens.entries(part * shards, (part + 1) * shards)) {
      yield { scope: "jti", value: jti, issuedBefore: FOREVER, expiresAt };
    }
  }

  * entries(): Generator<Entry> {
    yield* this.#cutoffs.values();
    yield* this.tokens();
  }

  /** Removes what expired at or before an instant (epoch ms). */
  sweep(before: number): void {
    this.#tokens.sweep(before);
    for (const [key, { expiresAt }] of this.#cutoffs) if (expiresAt <= before) this.#cutoffs.delete(key);
  }

  /** 0 if the name is not revoked. */
  #issuedBefore(name: Name): number {
    if (isCutoff(name)) return this.#cutoffs.get(keyOf(name))?.issuedBefore ?? 0;
    return this.#tokens.has(name.value) ? FOREVER : 0;
  }
}

const keyOf = ({ scope, value }: Name): string => `${scope}:${value}`;

/**
 * FOREVER revokes a token whatever time of issue it claims: an attacker who has the key can write any time. What can't
 * be compared (NaN) counts as revoked.
 */
export const isBefore = (issuedAt: number, issuedBefore: number): boolean =>
  issuedBefore >= FOREVER || !(issuedAt >= issuedBefore);
