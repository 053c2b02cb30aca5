import { type Clock, STALENESS_LIMIT } from "../shared/clock.js";
import { AuthflowError, notFound, unavailable } from "../shared/errors.js";
import { adopt, applySchedule, type Change, complete, drop, leaving, reseal, stage } from "./changes.js";
import { type ImportedKey, isKnown, isRevoked, wasKnown } from "./imported-key.js";
import { type JwksDocument, type OpenedRing, openRing, type VerificationKey } from "./opened-ring.js";
import {
  activatesAt, advance, dueAlgorithm, leavesAt, longestTtlOf, raiseLongestTtls, type Schedule,
} from "./rotation.js";
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
  /** When a staged key will sign, and when a retired key will leave the JWKS; null in other states. */
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
  /** When `#ring` was last known to be current (epoch ms). */
  #asOf: number;
  /** The latest read of the ring. */
  #last: Promise<void> = Promise.resolve();
  /** A read that waits for `#last`. */
  #next: Promise<void> | undefined;

  private constructor(dependencies: Dependencies, ring: OpenedRing, asOf: number) {
    this.#dependencies = dependencies;
    this.#ring = ring;
    this.#asOf = asOf;
  }

  /**
   * Loads the ring. A new installation has to sign at once: it generates its first keys, or imports the configured
   * one.
   */
  static async open(given: Dependencies): Promise<KeyRing> {
    const { store, signers, imported, clock } = given;
    const material = imported && signers.import(imported.pem, imported.kid);
    const schedule = { ...given.schedule, readAt: clock(), ...(imported !== undefined && material !== undefined &&
      { imported: { kid: material.kid, longestTtl: imported.longestTtl } }) };
    const dependencies = { ...given, schedule };
    for (;;) {
      const asOf = clock();
      const stored = await store.load();
      const newKey = material ?? (stored.keys.length === 0 ? await signers.generate(schedule.algorithm) : undefined);
      if (newKey === undefined || isKnown(stored.keys, newKey) || wasKnown(await store.former(), newKey)) {
        const ring = new KeyRing(dependencies, await openRing(stored, dependencies), asOf);
        const raised = raiseLongestTtls(await complete(stored.keys, asOf, dependencies), schedule);
        if (raised === stored.keys) return ring;
        // Before a token that lives so long is issued or accepted, the other replicas have to be able to know.
        await store.save(stored.revision, raised);
        continue;
      }
      // Proves that the key encryption key is right, before a key sealed under it is written.
      if (stored.keys.length > 0) await openRing(stored, dependencies);
      const keys = await adopt(newKey)(stored.keys, asOf, dependencies);
      // Whether or not this succeeds, the next round reads the ring: another replica may have been faster.
      await store.save(stored.revision, keys, leaving(stored.keys, keys, asOf));
    }
  }

  get revision(): number { return this.#ring.revision; }
  get signer(): Signer { return this.#ring.signer; }
  /** The algorithms of which a key signs now, the usual one first. */
  get algorithms(): string[] { return [...this.#ring.signers.keys()]; }
  get jwks(): JwksDocument { return this.#ring.jwks; }
  /** The longest lifetime, in seconds, of a token that a key of the ring may have signed. */
  get longestTtl(): number {
    const { schedule } = this.#dependencies;
    return Math.max(schedule.longestTtl, ...this.#ring.keys.map((key) => longestTtlOf(key, schedule)));
  }
  get keys(): KeySummary[] {
    const { schedule } = this.#dependencies;
    return this.#ring.keys.map((key) => {
      const { kid, algorithm, state, createdAt, activatedAt, retiredAt } = key;
      return { kid, algorithm, state, createdAt, activatedAt, retiredAt,
        activatesAt: activatesAt(key, schedule), leavesAt: leavesAt(key, schedule) };
    });
  }

  /**
   * Whether the settings import a key that does not sign any more. It was imported once; importing it again at each
   * start would let a replica with an old setting bring back a replaced key.
   */
  get importedIsRetired(): boolean {
    const { imported, signers } = this.#dependencies;
    return imported !== undefined && signers.import(imported.pem, imported.kid).kid !== this.signer.kid;
  }

  /** Whether the settings import a key that was revoked, under this or another kid. */
  async importedIsRevoked(): Promise<boolean> {
    const { imported, signers, store } = this.#dependencies;
    if (imported === undefined) return false;
    return isRevoked(await store.former(), signers.import(imported.pem, imported.kid));
  }

  /**
   * The key that signs at `now` (epoch ms): of an algorithm, if one of it is active. A replica that slept or lost the
   * database reads the ring first. Rejects with temporarily_unavailable.
   */
  currentSigner(now: number, algorithm?: string | null): Signer | Promise<Signer> {
    const signer = (): Signer =>
      (algorithm == null ? undefined : this.#ring.signers.get(algorithm)) ?? this.#ring.signer;
    const age = now - this.#asOf;
    if (age >= 0 && age < STALENESS_LIMIT) return signer();
    return this.#catchUp("Which key signs can't be known right now: try again").then(signer);
  }

  /** The longest lifetime, in seconds, of a token that this key may have signed; 0 if the ring does not have it. */
  longestTtlOf(kid: string): number {
    const key = this.#ring.keys.find((one) => one.kid === kid);
    return key === undefined ? 0 : longestTtlOf(key, this.#dependencies.schedule);
  }

  verificationKey(kid: string): VerificationKey | undefined { return this.#ring.verification.get(kid); }

  /** As `verificationKey`, but reads the ring first. Rejects with temporarily_unavailable. */
  async lookUp(kid: string): Promise<VerificationKey | undefined> {
    await this.#catchUp("Whether the token's key is one of this issuer's can't be known right now: try again");
    return this.verificationKey(kid);
  }

  /** Reads the ring if another replica changed it. `revision` is the stored one, read at or after `asOf` (epoch ms). */
  async follow(revision: number, asOf: number): Promise<void> {
    if (revision !== this.#ring.revision) await this.refresh();
    else this.#asOf = asOf;
  }

  /** Reads the ring. Concurrent calls share one read, which starts after each of these calls. */
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

  /** Whether, as far as this replica knows, the schedule asks for a change of the ring. */
  isDue(): boolean {
    const { clock, schedule } = this.#dependencies;
    const { keys } = this.#ring;
    return advance(keys, clock(), schedule) !== keys || dueAlgorithm(keys, clock(), schedule) !== undefined;
  }

  /** Changes the ring as the schedule says. Resolves to whether this replica changed it. */
  advance(): Promise<boolean> { return this.#change(applySchedule); }

  /** Publishes the next key of each algorithm, unless it is staged. It signs as soon as every verifier can know it. */
  rotate(): Promise<boolean> { return this.#change(stage); }

  /** Seals all keys under the first key encryption key. Resolves to whether any was sealed under another one. */
  reencrypt(): Promise<boolean> { return this.#change(reseal); }

  /**
   * Removes a key permanently, whatever its state. If it was the active one, the staged key or a new one becomes
   * active. Rejects with not_found if the installation never had the key. Repeating the call changes nothing.
   */
  async revoke(kid: string): Promise<void> {
    const { store, clock } = this.#dependencies;
    await this.#change(drop(kid), kid);
    const known = (await store.former()).find((key) => key.kid === kid);
    if (known === undefined) throw notFound("There is no signing key with this kid: see GET /keys");
    if (known.revokedAt !== null) return;
    // It had left the ring by age, before it was known to be compromised.
    const { revision, keys } = await store.load();
    if (!await store.save(revision, keys, [{ ...known, revokedAt: clock() }])) return this.revoke(kid);
    await this.refresh();
  }

  async #catchUp(description: string): Promise<void> {
    await this.refresh().catch((cause: unknown) => {
      throw cause instanceof AuthflowError ? cause : unavailable(description, cause);
    });
  }

  /** Compare-and-swap: if another replica was faster, repeats the change on the ring which that replica wrote. */
  async #change(change: Change, revoked?: string): Promise<boolean> {
    const { store, clock } = this.#dependencies;
    for (;;) {
      const { revision, keys } = await store.load();
      const now = clock();
      const changed = await change(keys, now, this.#dependencies);
      const left = leaving(keys, changed, now).map((key) => (key.kid === revoked ? { ...key, revokedAt: now } : key));
      const isSaved = changed !== keys && (await store.save(revision, changed, left));
      if (!isSaved && changed !== keys) continue;
      await this.refresh();
      return isSaved;
    }
  }

  async #load(): Promise<void> {
    const { store, clock } = this.#dependencies;
    const asOf = clock();
    this.#ring = await openRing(await store.load(), this.#dependencies, this.#ring);
    this.#asOf = asOf;
  }
}
