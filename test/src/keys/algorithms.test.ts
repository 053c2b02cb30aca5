import { calculateJwkThumbprint, compactVerify, importJWK } from "jose";
import t from "../../support/tap.js";
import { signCompact } from "../../../src/tokens/jws.js";
import { localSigner } from "../../../src/keys/signers/local.js";
import { exportPrivateKey, generateSigningKey, openSigningKey, publicKeyOf } from "../../../src/keys/signing-key.js";

const KINDS = [
  ["RS256", ["kty", "use", "alg", "kid", "n", "e"], { kty: "RSA", e: "AQAB" }, 256],
  ["ES256", ["kty", "use", "alg", "kid", "crv", "x", "y"], { kty: "EC", crv: "P-256" }, 64],
  ["EdDSA", ["kty", "use", "alg", "kid", "crv", "x"], { kty: "OKP", crv: "Ed25519" }, 64],
] as const;

for (const [algorithm, members, jwk, length] of KINDS) {
  await t.test(`${algorithm}: what it signs another library verifies, also after it was stored`, async (t) => {
    const made = await generateSigningKey(algorithm);
    t.match(made.publicJwk, { ...jwk, alg: algorithm, use: "sig" });
    t.strictSame(Object.keys(made.publicJwk), members, "nothing private");
    t.equal(made.kid, await calculateJwkThumbprint(made.publicJwk), "RFC 7638");
    const stored = openSigningKey(exportPrivateKey(made), made.kid);
    t.strictSame(stored.publicJwk, made.publicJwk);
    t.equal(publicKeyOf(made.publicJwk).type, "public");
    for (const pair of [made, stored]) {
      const token = await signCompact(localSigner(pair), "JWT", { sub: "alice" });
      t.equal(Buffer.from(token.split(".")[2] as string, "base64url").length, length);
      const { protectedHeader } = await compactVerify(token, await importJWK(made.publicJwk, algorithm));
      t.strictSame(protectedHeader, { alg: algorithm, typ: "JWT", kid: made.kid });
    }
  });
}
