import { etagOf } from "../shared/etag.js";
import { JWKS_MAX_AGE } from "./rotation.js";
import { unsealWithOneOf } from "./sealing.js";
import { localSigner, type Signer } from "./signers/signer.js";
import { openSigningKey, type PublicJwk, publicPem } from "./signing-key.js";
import type { StoredKey, StoredRing } from "./store.js";

export interface VerificationKey { kid: string; algorithm: string; pem: string }
/** The JWKS document (RFC 7517 §5), serialised once per change of the ring. `maxAge` is seconds. */
export interface JwksDocument { body: string; etag: string; maxAge: number }

/** A ring with its private keys unsealed. */
export interface OpenedRing {
  revision: number;
  keys: StoredKey[];
  /** By kid and sealed form, so that the next reading unseals what is new alone. */
  opened: Map<string, OpenedKey>;
  signer: Signer;
  verification: Map<string, VerificationKey>;
  jwks: JwksDocument;
}

interface OpenedKey { jwk: PublicJwk; signer: Signer; verification: VerificationKey }

/** Throws where a key can't be unsealed, or none is active. `before` is what this replica had opened until now. */
export function openRing({ revision, keys }: StoredRing, keks: readonly Buffer[], before?: OpenedRing): OpenedRing {
  const active = keys.find(({ state }) => state === "active");
  if (active === undefined) throw new Error("The key ring has no active key");
  // Simple verifiers take keys[0]: it has to be the one that signs.
  const opened = new Map([active, ...keys.filter((key) => key !== active)].map((key): [string, OpenedKey] => {
    const form = `${key.kid} ${key.sealedPrivateKey}`;
    return [form, before?.opened.get(form) ?? openKey(key, keks)];
  }));
  const published = [...opened.values()];
  const verification = new Map(published.map((key) => [key.jwk.kid, key.verification]));
  const body = JSON.stringify({ keys: published.map(({ jwk }) => jwk) });
  const jwks = { body, etag: etagOf(body), maxAge: JWKS_MAX_AGE };
  return { revision, keys, opened, signer: (published[0] as OpenedKey).signer, verification, jwks };
}

/** Every public key comes out of its sealed private one: who can write to the database alone can't add a key. */
function openKey({ kid, sealedPrivateKey }: StoredKey, keks: readonly Buffer[]): OpenedKey {
  const pair = openSigningKey(unsealWithOneOf(keks, kid, sealedPrivateKey), kid);
  const { publicJwk: jwk } = pair;
  return { jwk, signer: localSigner(pair), verification: { kid, algorithm: jwk.alg, pem: publicPem(jwk) } };
}
