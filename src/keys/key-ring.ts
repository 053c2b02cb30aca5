import { type Clock, STALENESS_LIMIT } from "../shared/clock.js";
import { AuthflowError, notFound, unavailable } from "../shared/errors.js";
import { adopt, type Change, drop, leaving, reseal, stage, turn } from "./changes.js";
import { type ImportedKey, isKnown, isRevoked, wasKnown } from "./imported-key.js";
import { type JwksDocument, type OpenedRing, openRing, type VerificationKey } from "./opened-ring.js";
import { activatesAt, advance, leavesAt, type Schedule, wantsSuccessor } from "./rotation.js";
import type { Signer, SignerBackend } from "./signers/signer.js";
import type { KeyState, KeyStore } from "./store.js";

/** Instants are epoch milliseconds. */
export interface KeySummary {
  kid: string;
  algorithm: string;
  state: KeyState;
  createdAt: number;
  activatedAt: number | null;
  retiredAt: number | null;
  /** When a staged key will sign, and when a retired one will leave the JWKS; null for any other. */
  activatesAt: number | null;
  leavesAt: number | null;
}

interface Dependencies {
  store: KeyStore;
  signers: SignerBackend;
  clock: Clock;
  schedule: Schedule;
  imported?: ImportedKey | undefined;
}

/** The signing keys of this installation, as this replica knows them. */
export class KeyRing {
  readonly #dependencies: Dependencies;
  #ring: OpenedRing;
  #seenAt: number;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(dependencies: Dependencies, ring: OpenedRing, seenAt: number) {
    this.#dependencies = dependencies;
    this.#ring = ring;
    this.#seenAt = seenAt;
  }

  /** Loads the ring. A new installation has to sign at once: it makes its first key, or takes the imported one. */
  static async open(dependencies: Dependencies): Promise<KeyRing> {
    const { store, signers, imported, clock, schedule } = dependencies;
    const material = imported && signers.import(imported.pem, imported.kid);
    for (;;) {
      const seenAt = clock();
      const stored = await store.load();
      const newcomer = material ?? (stored.keys.length === 0 ? await signers.generate(schedule.algorithm) : undefined);
      if (newcomer === undefined || isKnown(stored.keys, newcomer) || wasKnown(await store.former(), newcomer))
        return new KeyRing(dependencies, await openRing(stored, signers), seenAt);
      // A wrong key encryption key must not reach the database.
      if (stored.keys.length > 0) await openRing(stored, signers);
      const keys = await adopt(newcomer)(stored.keys, seenAt, dependencies);
      // Losing the swap means that another replica was faster: go by what it wrote.
      await store.save(stored.revision, keys, leaving(stored.keys, keys, seenAt));
    }
  }

  get revision(): number { return this.#ring.revision; }
  get signer(): Signer { return this.#ring.signer; }
  get jwks(): JwksDocument { return this.#ring.jwks; }
  /** The longest life, in seconds, of a token that a key of the ring may have signed. */
  get longestTtl(): number {
    const known = this.#ring.keys.map(({ longestTtl }) => longestTtl ?? 0);
    return Math.max(this.#dependencies.schedule.longestTtl, ...known);
  }
  get keys(): KeySummary[] {
    const { schedule } = this.#dependencies;
    return this.#ring.keys.map((key) => {
      const { kid, algorithm, state, createdAt, activatedAt, retiredAt } = key;
      return { kid, algorithm, state, createdAt, activatedAt, retiredAt,
        activatesAt: activatesAt(key, schedule), leavesAt: leavesAt(key, schedule) };
    });
  }

  /** An import names the key once: replicas with an older setting must not bring back what was replaced since. */
  get importedIsRetired(): boolean {
    const { imported } = this.#dependencies;
    return imported !== undefined && this.#dependencies.signers.import(imported.pem, imported.kid).kid !== this.signer.kid;
  }

  /** Whether the settings import a key that was revoked, under this or another kid. */
  async importedIsRevoked(): Promise<boolean> {
    const { imported, signers, store } = this.#dependencies;
    if (imported === undefined) return false;
    return isRevoked(await store.former(), signers.import(imported.pem, imported.kid));
  }

  /** The key by which to sign at `now`. A replica that slept, or lost the database, looks first who signs by now. */
  currentSigner(now: number): Signer | Promise<Signer> {
    const age = now - this.#seenAt;
    if (age >= 0 && age < STALENESS_LIMIT) return this.#ring.signer;
    return this.#catchUp("Which key signs can't be known right now").then(() => this.#ring.signer);
  }

  verificationKey(kid: string): VerificationKey | undefined { return this.#ring.verification.get(kid); }

  /** As `verificationKey`, after a look at the ring as it is by now. Rejects with temporarily_unavailable. */
  async lookUp(kid: string): Promise<VerificationKey | undefined> {
    await this.#catchUp("Whether the token's key is one of this issuer's can't be known right now");
    return this.verificationKey(kid);
  }

  /** Takes over what another replica changed. `revision` is the ring's, read at or after `asOf` (epoch ms). */
  async follow(revision: number, asOf: number): Promise<void> {
    if (revision !== this.#ring.revision) await this.refresh();
    else this.#seenAt = asOf;
  }

  /** Reads the ring anew. Calls at once share a read, which begins after each of them. */
  refresh(): Promise<void> {
    if (this.#next === undefined) {
      const next = this.#last.then(() => {
        this.#next = undefined;
        return this.#load();
      });
      this.#next = next;
      this.#last = next.catch(() => undefined);
    }
    return this.#next;
  }

  /** Whether, as far as this replica knows, something is to be done by now. */
  isDue(): boolean {
    const { clock, schedule } = this.#dependencies;
    const { keys } = this.#ring;
    return advance(keys, clock(), schedule) !== keys || wantsSuccessor(keys, clock(), schedule);
  }

  /** Does what is due by now. Resolves to whether this replica changed the ring. */
  advance(): Promise<boolean> { return this.#change(turn); }

  /** Publishes the next key, unless one is waiting already; it signs as soon as every verifier can know it. */
  rotate(): Promise<boolean> { return this.#change(stage); }

  /** Seals under the first key encryption key what another one sealed; resolves to whether there was anything. */
  reencrypt(): Promise<boolean> { return this.#change(reseal); }

  /**
   * Drops a key for good, whatever its state; where it signed, the staged one or a new one does from now on. Rejects
   * with not_found where the installation never had it. Repeating it changes nothing.
   */
  async revoke(kid: string): Promise<void> {
    const { store, clock } = this.#dependencies;
    await this.#change(drop(kid), kid);
    const known = (await store.former()).find((key) => key.kid === kid);
    if (known === undefined) throw notFound("There is no signing key with this kid: see GET /keys");
    if (known.revokedAt !== null) return;
    // It had left by age before anybody knew that it was compromised.
    const { revision, keys } = await store.load();
    if (!await store.save(revision, keys, [{ ...known, revokedAt: clock() }])) return this.revoke(kid);
    await this.refresh();
  }

  async #catchUp(otherwise: string): Promise<void> {
    await this.refresh().catch((cause: unknown) => {
      throw cause instanceof AuthflowError ? cause : unavailable(otherwise, cause);
    });
  }

  /** Compare-and-swap: whoever loses looks at what the winner wrote, and may find nothing left to do. */
  async #change(change: Change, revoked?: string): Promise<boolean> {
    const { store, clock } = this.#dependencies;
    for (;;) {
      const { revision, keys } = await store.load();
      const now = clock();
      const changed = await change(keys, now, this.#dependencies);
      const gone = leaving(keys, changed, now).map((key) => (key.kid === revoked ? { ...key, revokedAt: now } : key));
      const won = changed !== keys && (await store.save(revision, changed, gone));
      if (!won && changed !== keys) continue;
      await this.refresh();
      return won;
    }
  }

  async #load(): Promise<void> {
    const { store, signers, clock } = this.#dependencies;
    const asOf = clock();
    this.#ring = await openRing(await store.load(), signers, this.#ring);
    this.#seenAt = asOf;
  }
}
