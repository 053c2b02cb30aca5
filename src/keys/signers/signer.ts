import type { Algorithm } from "../algorithms.js";
import type { PublicJwk } from "../signing-key.js";

/** What a token is signed with. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** Signature over the JWS signing input (RFC 7515 §5.1), base64url. Rejects where the key can't be used right now. */
  sign(input: string): Promise<string>;
}

/** A key as it is stored. */
export interface KeyMaterial {
  kid: string;
  publicJwk: PublicJwk;
  /** The private key in a form that only its backend can open: sealed, or a reference to it. */
  sealedPrivateKey: string;
}

export interface OpenedKey { publicJwk: PublicJwk; signer: Signer }

/** Where private keys live: only here are they made, opened and used. A key management service is another one. */
export interface SignerBackend {
  generate(algorithm: Algorithm): Promise<KeyMaterial>;
  /** Takes over a PEM private key; without a kid it gets its RFC 7638 thumbprint. Throws where it can't serve RS256. */
  import(pem: string, kid?: string): KeyMaterial;
  /** The public key comes out of the private one. Rejects where that one was altered, or is not this backend's. */
  open(key: Pick<KeyMaterial, "kid" | "sealedPrivateKey">): Promise<OpenedKey>;
  /** The stored form that a key should have by now; undefined where it has it. */
  reseal(key: Pick<KeyMaterial, "kid" | "sealedPrivateKey">): string | undefined;
}
