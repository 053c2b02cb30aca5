import { createPublicKey, type JsonWebKey } from "node:crypto";
import { invalidRequest } from "../shared/errors.js";
import { isSecureUrl } from "../shared/secure-url.js";
import type { ClientJwks } from "./client.js";

const KEYS_MAX = 10;
/** Characters of the whole set in JSON. */
const SIZE_MAX = 16_384;
const MODULUS_BITS_MIN = 2048;
/** RFC 7518 §6.2.2, §6.3.2 and §6.4.1 */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** For each algorithm of an assertion (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2) the keys that sign with it. */
const KEYS: Readonly<Record<string, { kty: string; crv?: string }>> = {
  RS256: { kty: "RSA" },
  PS256: { kty: "RSA" },
  ES256: { kty: "EC", crv: "P-256" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
  Ed25519: { kty: "OKP", crv: "Ed25519" },
};
/** The algorithms that a client may sign its assertions with. Never `none`, and none with a shared secret. */
export const ASSERTION_ALGORITHMS: readonly string[] = Object.keys(KEYS);

/** Throws invalid_request unless the set has only public keys, and at least one that can verify an assertion. */
export function checkJwks({ keys }: ClientJwks): void {
  if (keys.length === 0 || keys.length > KEYS_MAX) throw invalidRequest(`jwks must have 1 to ${KEYS_MAX} keys`);
  if (JSON.stringify(keys).length > SIZE_MAX) throw invalidRequest(`jwks must have at most ${SIZE_MAX} characters`);
  // Not every database stores NUL and lone surrogates, which JSON escapes.
  if (JSON.stringify(keys).includes("\\u")) throw invalidRequest("jwks must hold printable texts");
  for (const [index, key] of keys.entries()) {
    const secret = PRIVATE_MEMBERS.find((member) => member in key);
    if (secret !== undefined) {
      throw invalidRequest(`jwks.keys.${index} has the private member ${secret}: send public keys only, and replace ` +
        "this key, because it is not secret any more");
    }
  }
  if (!keys.some(isUsable)) {
    throw invalidRequest("jwks must have a key for signatures: RSA of at least 2048 bits, EC with P-256, or OKP with " +
      "Ed25519");
  }
}

/** Throws invalid_request unless Authflow may fetch keys there. */
export function checkJwksUri(uri: string, { isLocal }: { isLocal: boolean }): void {
  if (isSecureUrl(uri) && new URL(uri).hash === "" && (isLocal || new URL(uri).protocol === "https:")) return;
  throw invalidRequest("jwks_uri must be an https URL of at most 2048 characters, without user-info and fragment" +
    (isLocal ? " (http on a loopback host only)" : ""));
}

function isUsable(key: Record<string, unknown>): boolean {
  const { kty, crv, alg, use = "sig", key_ops: operations = ["verify"] } = key;
  const isForSignatures = use === "sig" && Array.isArray(operations) && operations.includes("verify");
  const signs = Object.entries(KEYS).some(([name, kind]) =>
    kind.kty === kty && kind.crv === (kind.kty === "RSA" ? undefined : crv) && (alg === undefined || alg === name));
  if (!isForSignatures || !signs) return false;
  try {
    const { asymmetricKeyDetails: details } = createPublicKey({ key: key as JsonWebKey, format: "jwk" });
    return kty !== "RSA" || (details?.modulusLength ?? 0) >= MODULUS_BITS_MIN;
  } catch {
    return false;
  }
}
