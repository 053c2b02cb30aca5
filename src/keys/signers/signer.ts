import type { Algorithm } from "../algorithms.js";
import type { PublicJwk } from "../signing-key.js";

/** Signs tokens with one key. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** Signature over the JWS signing input (RFC 7515 §5.1), base64url. Rejects if the key can't be used right now. */
  sign(input: string): Promise<string>;
}

/** A key as it is stored. */
export interface KeyMaterial {
  kid: string;
  publicJwk: PublicJwk;
  /** The private key in a form that only its backend can open: encrypted, or a reference to it. */
  sealedPrivateKey: string;
}

export interface OpenedKey { publicJwk: PublicJwk; signer: Signer }

/** The only place where private keys are made, opened and used. A key management service would be another backend. */
export interface SignerBackend {
  generate(algorithm: Algorithm): Promise<KeyMaterial>;
  /**
   * Imports a PEM private key; without a kid it gets its RFC 7638 thumbprint. Throws if it can't be used with RS256.
   */
  import(pem: string, kid?: string): KeyMaterial;
  /** Derives the public key from the private one. Rejects if that was altered, or belongs to another backend. */
  open(key: Pick<KeyMaterial, "kid" | "sealedPrivateKey">): Promise<OpenedKey>;
  /** The stored form that the key should have; undefined if it has it already. */
  reseal(key: Pick<KeyMaterial, "kid" | "sealedPrivateKey">): string | undefined;
}
