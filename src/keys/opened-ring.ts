import type { KeyObject } from "node:crypto";
import { etagOf } from "../shared/etag.js";
import type { Algorithm } from "./algorithms.js";
import { JWKS_MAX_AGE } from "./rotation.js";
import type { OpenedKey, Signer, SignerBackend } from "./signers/signer.js";
import { publicKeyOf } from "./signing-key.js";
import type { StoredKey, StoredRing } from "./store.js";

export interface VerificationKey { kid: string; algorithm: Algorithm; publicKey: KeyObject }
/** The JWKS document (RFC 7517 §5), serialised once per change of the ring. `maxAge` is seconds. */
export interface JwksDocument { body: string; etag: string; maxAge: number }

/** A ring whose private keys can be used. */
export interface OpenedRing {
  revision: number;
  keys: StoredKey[];
  /** By kid and stored form, so that the next reading opens only what is new. */
  opened: Map<string, OpenedKey & { verification: VerificationKey }>;
  signer: Signer;
  verification: Map<string, VerificationKey>;
  jwks: JwksDocument;
}

/** Rejects where a key can't be opened, or none is active. `before` is what this replica had opened until now. */
export async function openRing(
  { revision, keys }: StoredRing,
  signers: SignerBackend,
  before?: OpenedRing,
): Promise<OpenedRing> {
  const active = keys.find(({ state }) => state === "active");
  if (active === undefined) throw new Error("The key ring has no active key");
  const opened: OpenedRing["opened"] = new Map();
  // Simple verifiers take keys[0]: it has to be the one that signs.
  for (const key of [active, ...keys.filter((one) => one !== active)]) {
    const form = `${key.kid} ${key.sealedPrivateKey}`;
    opened.set(form, before?.opened.get(form) ?? await openKey(key, signers));
  }
  const published = [...opened.values()];
  const { signer } = published[0] as OpenedKey;
  const verification = new Map(published.map((key) => [key.publicJwk.kid, key.verification]));
  const body = JSON.stringify({ keys: published.map(({ publicJwk }) => publicJwk) });
  const jwks = { body, etag: etagOf(body), maxAge: JWKS_MAX_AGE };
  return { revision, keys, opened, signer, verification, jwks };
}

/** The stored public key is never used: an attacker who can only write to the database can't add a key. */
async function openKey(key: StoredKey, signers: SignerBackend) {
  const opened = await signers.open(key);
  const { publicJwk } = opened;
  const verification = { kid: publicJwk.kid, algorithm: publicJwk.alg, publicKey: publicKeyOf(publicJwk) };
  return { ...opened, verification };
}
