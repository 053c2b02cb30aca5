import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

/** RFC 7518 §3.3 and §3.4, RFC 8037 §3.1 (with Ed25519). */
export type Algorithm = "RS256" | "ES256" | "EdDSA";

interface Kind {
  keyType: "rsa" | "ec" | "ed25519";
  generate: () => Promise<KeyObject>;
  /** The hash function for node:crypto; null for Ed25519, which has its own. */
  digest: "sha256" | null;
  /** The members of its public JWK besides kty (RFC 7518 §6, RFC 8037 §2). */
  members: readonly ("n" | "e" | "crv" | "x" | "y")[];
}

export const MODULUS_BITS = 2048;
const generate = promisify(generateKeyPair);

/** One entry for each algorithm. */
export const ALGORITHMS: Readonly<Record<Algorithm, Kind>> = {
  RS256: {
    keyType: "rsa", digest: "sha256", members: ["n", "e"],
    generate: async () => (await generate("rsa", { modulusLength: MODULUS_BITS, publicExponent: 0x10001 })).privateKey,
  },
  ES256: {
    keyType: "ec", digest: "sha256", members: ["crv", "x", "y"],
    generate: async () => (await generate("ec", { namedCurve: "P-256" })).privateKey,
  },
  EdDSA: {
    keyType: "ed25519", digest: null, members: ["crv", "x"],
    generate: async () => (await generate("ed25519")).privateKey,
  },
};

/** The key decides the algorithm, not the caller (RFC 8725 §3.1). */
export function algorithmOf({ asymmetricKeyType }: KeyObject): Algorithm {
  const [name] = Object.entries(ALGORITHMS).find(([, { keyType }]) => keyType === asymmetricKeyType) ?? [];
  if (name === undefined)
    throw new Error(`A stored signing key has a type that this version does not know (${asymmetricKeyType}): ` +
      "update Authflow");
  return name as Algorithm;
}
