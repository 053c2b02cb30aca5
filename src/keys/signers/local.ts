import { sign } from "node:crypto";
import { ALGORITHMS } from "../algorithms.js";
import { isSealedUnder, seal, unsealWithOneOf } from "../sealing.js";
import { exportPrivateKey, generateSigningKey, importSigningKey, type KeyPair, openSigningKey } from "../signing-key.js";
import type { KeyMaterial, Signer, SignerBackend } from "./signer.js";

/** Private keys in this process, stored sealed: the first of `keks` (32 bytes each) seals, all of them unseal. */
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
  // JWS wants an ECDSA signature as R and S side by side (RFC 7518 §3.4), not in DER; the others ignore the option.
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
