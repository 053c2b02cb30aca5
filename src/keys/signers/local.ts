import { sign } from "node:crypto";
import { ALGORITHMS } from "../algorithms.js";
import { isSealedUnder, seal, unsealWithOneOf } from "../sealing.js";
import {
  exportPrivateKey, generateSigningKey, importSigningKey, type KeyPair, openSigningKey,
} from "../signing-key.js";
import type { KeyMaterial, Signer, SignerBackend } from "./signer.js";

/** Keeps private keys in this process and stores them sealed. The first of `keks` (32 bytes each) seals; all unseal. */
export function localSigners(keks: readonly [Buffer, ...Buffer[]]): SignerBackend {
  const [kek] = keks;
  const sealed = (pair: KeyPair): KeyMaterial =>
    ({ kid: pair.kid, publicJwk: pair.publicJwk, sealedPrivateKey: seal(kek, pair.kid, exportPrivateKey(pair)) });
  return {
    generate: async (algorithm) => sealed(await generateSigningKey(algorithm)),
    import: (pem, kid) => sealed(importSigningKey(pem, kid)),
    open: async ({ kid, sealedPrivateKey }) => {
      const pair = openSigningKey(unsealWithOneOf(keks, kid, sealedPrivateKey), kid);
      return { publicJwk: pair.publicJwk, signer: localSigner(pair) };
    },
    reseal: ({ kid, sealedPrivateKey }) => isSealedUnder(kek, sealedPrivateKey)
      ? undefined
      : seal(kek, kid, unsealWithOneOf(keks, kid, sealedPrivateKey)),
  };
}

/** Signs with a private key in this process. */
export function localSigner({ kid, publicJwk: { alg }, privateKey }: KeyPair): Signer {
  const { digest } = ALGORITHMS[alg];
  // In JWS an ECDSA signature is R and S side by side (RFC 7518 §3.4), not DER. Other algorithms ignore the option.
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
  return {
    kid,
    algorithm: alg,
    sign: (input) => new Promise((resolve, reject) => {
      // With a callback, signing runs on the libuv thread pool: the event loop stays free and all cores are used.
      sign(digest, Buffer.from(input), key, (error, signature) => {
        if (error === null) resolve(signature.toString("base64url"));
        else reject(error);
      });
    }),
  };
}
