import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";

/** A public signing key as JWKS shows it (RFC 7517 §4, RFC 7518 §6.3.1). */
export interface PublicJwk { kty: "RSA"; use: "sig"; alg: "RS256"; kid: string; n: string; e: string }

/** What a token is signed with. A key in a KMS is another implementation of it. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: string;
  /** Signature over the JWS signing input (RFC 7515 §5.1), base64url. */
  sign(input: string): Promise<string>;
}

export interface KeyPair { kid: string; publicJwk: PublicJwk; privateKey: KeyObject }

const MODULUS_BITS = 2048;
const generate = promisify(generateKeyPair);

export async function generateSigningKey(): Promise<KeyPair> {
  const { privateKey } = await generate("rsa", { modulusLength: MODULUS_BITS, publicExponent: 0x10001 });
  return keyPair(privateKey);
}

/** Reads a PEM private key; throws with the remedy where it can't serve RS256. */
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
      `The imported signing key must be RSA with at least ${MODULUS_BITS} bits (RFC 7518 §3.3); this one is ${privateKey.asymmetricKeyType} ${bits || ""}`.trim(),
    );
  }
  return keyPair(privateKey, kid);
}

export function openSigningKey(pkcs8: Buffer, kid: string): KeyPair {
  return keyPair(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }), kid);
}

export const exportPrivateKey = ({ privateKey }: KeyPair): Buffer =>
  privateKey.export({ format: "der", type: "pkcs8" });

export function publicPem(jwk: PublicJwk): string {
  return createPublicKey({ key: { ...jwk }, format: "jwk" }).export({ format: "pem", type: "spki" }).toString();
}

export function rsaSigner({ kid, privateKey }: KeyPair): Signer {
  return {
    kid,
    algorithm: "RS256",
    sign: (input) => new Promise((resolve, reject) => {
      // With a callback the signature runs on the libuv pool: the loop stays free and all cores work.
      sign("sha256", Buffer.from(input), privateKey, (error, signature) => {
        if (error === null) resolve(signature.toString("base64url"));
        else reject(error);
      });
    }),
  };
}

function keyPair(privateKey: KeyObject, givenKid?: string): KeyPair {
  const { n, e } = createPublicKey(privateKey).export({ format: "jwk" }) as { n: string; e: string };
  const kid = givenKid ?? thumbprint({ n, e });
  return { kid, publicJwk: { kty: "RSA", use: "sig", alg: "RS256", kid, n, e }, privateKey };
}

/** RFC 7638 §3: SHA-256 over the required members in lexicographic order. */
export function thumbprint({ n, e }: Pick<PublicJwk, "n" | "e">): string {
  return createHash("sha256").update(JSON.stringify({ e, kty: "RSA", n })).digest("base64url");
}
