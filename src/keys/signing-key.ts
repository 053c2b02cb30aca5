import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { digest } from "../shared/digest.js";
import { type Algorithm, algorithmOf, ALGORITHMS, MODULUS_BITS } from "./algorithms.js";

/** A public signing key as the JWKS contains it (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). */
export interface PublicJwk {
  kty: "RSA" | "EC" | "OKP";
  use: "sig";
  alg: Algorithm;
  kid: string;
  n?: string;
  e?: string;
  crv?: string;
  x?: string;
  y?: string;
}

export interface KeyPair { kid: string; publicJwk: PublicJwk; privateKey: KeyObject }

export async function generateSigningKey(algorithm: Algorithm = "RS256"): Promise<KeyPair> {
  return keyPair(await ALGORITHMS[algorithm].generate());
}

/** Reads a PEM private key. Throws an error that says why if it can't be used with RS256. */
export function importSigningKey(pem: string, kid?: string): KeyPair {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (cause) {
    throw new Error("The imported signing key is not a readable, unencrypted PEM private key", { cause });
  }
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (privateKey.asymmetricKeyType !== "rsa" || bits < MODULUS_BITS) {
    throw new Error(
      `The imported signing key must be RSA with at least ${MODULUS_BITS} bits (RFC 7518 §3.3); ` +
        `this one is ${privateKey.asymmetricKeyType} ${bits || ""}`.trim(),
    );
  }
  return keyPair(privateKey, kid);
}

export function openSigningKey(pkcs8: Buffer, kid: string): KeyPair {
  return keyPair(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }), kid);
}

export const exportPrivateKey = ({ privateKey }: KeyPair): Buffer =>
  privateKey.export({ format: "der", type: "pkcs8" });

/** The key that verifies signatures. */
export const publicKeyOf = (jwk: PublicJwk): KeyObject => createPublicKey({ key: { ...jwk }, format: "jwk" });

function keyPair(privateKey: KeyObject, givenKid?: string): KeyPair {
  const alg = algorithmOf(privateKey);
  const exported = createPublicKey(privateKey).export({ format: "jwk" }) as Omit<PublicJwk, "use" | "alg" | "kid">;
  const members = Object.fromEntries(ALGORITHMS[alg].members.map((member) => [member, exported[member]]));
  const jwk = { kty: exported.kty, use: "sig" as const, alg };
  const kid = givenKid ?? thumbprint({ ...jwk, ...members });
  return { kid, publicJwk: { ...jwk, kid, ...members }, privateKey };
}

/** RFC 7638 §3: SHA-256 over the required members in lexicographic order. */
export function thumbprint(jwk: Omit<PublicJwk, "kid">): string {
  const members = (["kty", ...ALGORITHMS[jwk.alg].members] as const).toSorted();
  const required = Object.fromEntries(members.map((member) => [member, jwk[member]]));
  return digest(JSON.stringify(required));
}
