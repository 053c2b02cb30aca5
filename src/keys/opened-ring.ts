import type { KeyObject } from "node:crypto";
import { etagOf } from "../shared/etag.js";
import type { Algorithm } from "./algorithms.js";
import { JWKS_MAX_AGE, type Schedule, signingKey } from "./rotation.js";
import type { OpenedKey, Signer, SignerBackend } from "./signers/signer.js";
import { publicKeyOf } from "./signing-key.js";
import type { StoredKey, StoredRing } from "./store.js";

export interface VerificationKey { kid: string; algorithm: Algorithm; publicKey: KeyObject }
/** The JWKS document (RFC 7517 §5), serialised once per change of the ring. `maxAge` is seconds. */
export interface JwksDocument { body: string; etag: string; maxAge: number }

/** A key ring whose private keys are decrypted and ready for use. */
export interface OpenedRing {
  revision: number;
  keys: StoredKey[];
  /** By kid and stored form, so that the next read opens only new keys. */
  opened: Map<string, OpenedKey & { verification: VerificationKey }>;
  signer: Signer;
  /** One for each algorithm of which a key is active, that of `signer` first. */
  signers: ReadonlyMap<string, Signer>;
  verification: Map<string, VerificationKey>;
  jwks: JwksDocument;
}

/** Rejects if a key can't be opened, or if none is active. `before` is the ring that this replica opened last. */
export async function openRing(
  { revision, keys }: StoredRing,
  { signers: backend, schedule }: { signers: SignerBackend; schedule: Schedule },
  before?: OpenedRing,
): Promise<OpenedRing> {
  const active = signingKey(keys, schedule);
  if (active === undefined) throw new Error("The key ring has no active key");
  const opened: OpenedRing["opened"] = new Map();
  const signers = new Map<string, Signer>();
  // Simple verifiers use keys[0], so it has to be the key that signs.
  for (const key of [active, ...keys.filter((one) => one !== active)]) {
    const form = `${key.kid} ${key.sealedPrivateKey}`;
    const one = before?.opened.get(form) ?? await openKey(key, backend);
    opened.set(form, one);
    if (key.state === "active") signers.set(key.algorithm, one.signer);
  }
  const published = [...opened.values()];
  const { signer } = published[0] as OpenedKey;
  const verification = new Map(published.map((key) => [key.publicJwk.kid, key.verification]));
  const body = JSON.stringify({ keys: published.map(({ publicJwk }) => publicJwk) });
  const jwks = { body, etag: etagOf(body), maxAge: JWKS_MAX_AGE };
  return { revision, keys, opened, signer, signers, verification, jwks };
}

/** Derives the public key from the private one. A forged public key in the database is therefore never published. */
async function openKey(key: StoredKey, signers: SignerBackend) {
  const opened = await signers.open(key);
  const { publicJwk } = opened;
  const verification = { kid: publicJwk.kid, algorithm: publicJwk.alg, publicKey: publicKeyOf(publicJwk) };
  return { ...opened, verification };
}
