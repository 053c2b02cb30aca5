import { createHash } from "node:crypto";
import type { Clock } from "../clock.js";
import { seal, unseal } from "./sealing.js";
import {
  exportPrivateKey,
  generateSigningKey,
  importSigningKey,
  type KeyPair,
  openSigningKey,
  type PublicJwk,
  publicPem,
  rsaSigner,
  type Signer,
} from "./signing-key.js";
import type { KeyState, KeyStore, StoredKey, StoredRing } from "./store.js";

export interface VerificationKey { kid: string; algorithm: string; pem: string }
/** The JWKS document (RFC 7517 §5), serialised once per change of the ring. */
export interface JwksDocument { body: string; etag: string }
export interface KeySummary {
  kid: string;
  algorithm: string;
  state: KeyState;
  createdAt: number;
  activatedAt: number | null;
  retiredAt: number | null;
}

interface Dependencies {
  store: KeyStore;
  kek: Buffer;
  clock: Clock;
  imported?: { pem: string; kid: string | undefined } | undefined;
}
interface Ring {
  revision: number;
  keys: StoredKey[];
  signer: Signer;
  verification: Map<string, VerificationKey>;
  jwks: JwksDocument;
}

/** The signing keys of this installation, as this replica knows them. */
export class KeyRing {
  readonly #dependencies: Dependencies;
  #ring: Ring;

  private constructor(dependencies: Dependencies, ring: Ring) {
    this.#dependencies = dependencies;
    this.#ring = ring;
  }

  /** An import names the key once: replicas with an older setting must not bring back what a later import retired. */
  get importedIsRetired(): boolean {
    const { imported } = this.#dependencies;
    return imported !== undefined && importSigningKey(imported.pem, imported.kid).kid !== this.signer.kid;
  }

  /** Loads the ring; on a new installation makes its first key, or takes the imported one. */
  static async open(dependencies: Dependencies): Promise<KeyRing> {
    const { store, imported } = dependencies;
    const pair = imported && importSigningKey(imported.pem, imported.kid);
    for (;;) {
      const stored = await store.load();
      const newcomer = stored.keys.length === 0 ? (pair ?? (await generateSigningKey())) : pair;
      if (newcomer === undefined || isKnown(stored, newcomer))
        return new KeyRing(dependencies, readRing(stored, dependencies.kek));
      if (stored.keys.length > 0) readRing(stored, dependencies.kek); // a wrong key encryption key must not reach the database
      // Losing the swap means that another replica was faster: go by what it wrote.
      await store.save(stored.revision, withActive(stored, newcomer, dependencies));
    }
  }

  get revision(): number { return this.#ring.revision; }
  get signer(): Signer { return this.#ring.signer; }
  get jwks(): JwksDocument { return this.#ring.jwks; }
  get keys(): KeySummary[] {
    return this.#ring.keys.map(({ kid, algorithm, state, createdAt, activatedAt, retiredAt }) =>
      ({ kid, algorithm, state, createdAt, activatedAt, retiredAt }));
  }

  verificationKey(kid: string): VerificationKey | undefined { return this.#ring.verification.get(kid); }

  /** Takes over what another replica changed. */
  async refresh(): Promise<void> {
    this.#ring = readRing(await this.#dependencies.store.load(), this.#dependencies.kek);
  }
}

function isKnown(stored: StoredRing, { kid, publicJwk }: KeyPair): boolean {
  const known = stored.keys.find((key) => key.kid === kid);
  if (known === undefined) return false;
  if ((JSON.parse(known.publicJwk) as PublicJwk).n !== publicJwk.n) {
    throw new Error(
      `The imported signing key has the kid ${kid}, which another key of this installation bears: set JWT_KEY_ID to a new one`,
    );
  }
  return true;
}

function withActive(stored: StoredRing, pair: KeyPair, { kek, clock }: Dependencies): StoredKey[] {
  const now = clock();
  const retired = stored.keys.map((key): StoredKey =>
    key.state === "active" ? { ...key, state: "retired", retiredAt: now } : key,
  );
  return [...retired, {
    kid: pair.kid, algorithm: "RS256", state: "active", publicJwk: JSON.stringify(pair.publicJwk),
    sealedPrivateKey: seal(kek, pair.kid, exportPrivateKey(pair)), createdAt: now, activatedAt: now, retiredAt: null,
  }];
}

function readRing({ revision, keys }: StoredRing, kek: Buffer): Ring {
  const active = keys.find(({ state }) => state === "active");
  if (active === undefined) throw new Error("The key ring has no active key");
  // Simple verifiers take keys[0]: it has to be the one that signs.
  const pairs = [active, ...keys.filter((key) => key !== active)].map((key) => openKey(key, kek));
  const published = pairs.map(({ publicJwk }) => publicJwk);
  const verification = new Map(
    published.map((jwk) => [jwk.kid, { kid: jwk.kid, algorithm: jwk.alg, pem: publicPem(jwk) }]),
  );
  const body = JSON.stringify({ keys: published });
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
  return { revision, keys, signer: rsaSigner(pairs[0] as KeyPair), verification, jwks: { body, etag } };
}

/** Every public key comes out of its sealed private one: who can write to the database alone can't add a key. */
const openKey = ({ kid, sealedPrivateKey }: StoredKey, kek: Buffer): KeyPair =>
  openSigningKey(unseal(kek, kid, sealedPrivateKey), kid);
