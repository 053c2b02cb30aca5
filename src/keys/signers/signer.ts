import { sign } from "node:crypto";
import { ALGORITHMS } from "../algorithms.js";
import type { KeyPair } from "../signing-key.js";

/** What a token is signed with. A key in a KMS is another implementation of it. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: string;
  /** Signature over the JWS signing input (RFC 7515 §5.1), base64url. */
  sign(input: string): Promise<string>;
}

/** Signs with a private key in this process. */
export function localSigner({ kid, publicJwk: { alg }, privateKey }: KeyPair): Signer {
  const { digest } = ALGORITHMS[alg];
  // JWS wants an ECDSA signature as R and S side by side (RFC 7518 §3.4), not in DER; the others don't look at it.
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
  return {
    kid,
    algorithm: alg,
    sign: (input) => new Promise((resolve, reject) => {
      // With a callback the signature runs on the libuv pool: the loop stays free and all cores work.
      sign(digest, Buffer.from(input), key, (error, signature) => {
        if (error === null) resolve(signature.toString("base64url"));
        else reject(error);
      });
    }),
  };
}
