import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import t from "../../support/tap.js";
import { localSigner } from "../../../src/keys/signers/local.js";
import { exportPrivateKey, generateSigningKey, importSigningKey, openSigningKey,
  publicKeyOf } from "../../../src/keys/signing-key.js";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs8 = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const pkcs1 = privateKey.export({ format: "pem", type: "pkcs1" }).toString();

await t.test("the kid is the RFC 7638 thumbprint unless one is given", async (t) => {
  const pair = importSigningKey(pkcs8);
  t.equal(pair.kid, await calculateJwkThumbprint(pair.publicJwk));
  t.equal(importSigningKey(pkcs8, "main").publicJwk.kid, "main");
  t.not((await generateSigningKey()).kid, (await generateSigningKey()).kid);
});

await t.test("PKCS #1 and PKCS #8 are the same key, and the public form holds nothing private", async (t) => {
  t.strictSame(importSigningKey(pkcs1).publicJwk, importSigningKey(pkcs8).publicJwk);
  t.strictSame(Object.keys(importSigningKey(pkcs8).publicJwk), ["kty", "use", "alg", "kid", "n", "e"]);
  t.match(publicKeyOf(importSigningKey(pkcs8).publicJwk).export({ format: "pem", type: "spki" }),
    /^-----BEGIN PUBLIC KEY-----/);
});

await t.test("a signature verifies with the public key, also after the key was stored and opened again", async (t) => {
  const pair = importSigningKey(pkcs8);
  for (const one of [pair, openSigningKey(exportPrivateKey(pair), pair.kid)]) {
    const signature = Buffer.from(await localSigner(one).sign("a.b"), "base64url");
    t.equal(verify("sha256", Buffer.from("a.b"), publicKeyOf(pair.publicJwk), signature), true);
    t.equal(verify("sha256", Buffer.from("a.c"), publicKeyOf(pair.publicJwk), signature), false);
  }
});

const UNFIT: [what: string, pem: string, message: RegExp][] = [
  ["1024 bits", generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ format: "pem",
    type: "pkcs8" }).toString(), /at least 2048 bits.*rsa 1024/],
  ["an elliptic curve", generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem",
    type: "pkcs8" }).toString(), /must be RSA.*ec$/],
  ["Ed25519", generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    /must be RSA.*ed25519$/],
  ["RSA-PSS, which RS256 can't use", generateKeyPairSync("rsa-pss",
    { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" }).toString(), /must be RSA/],
  ["a public key", createPublicKey(privateKey).export({ format: "pem", type: "spki" }).toString(),
    /not a readable, unencrypted PEM private key/],
  ["an encrypted key", privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc",
    passphrase: "x" }).toString(), /not a readable, unencrypted/],
  ["no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", /not a readable/],
    ["nothing", "", /not a readable/],
];
for (const [what, pem, message] of UNFIT) {
  await t.test(`${what} can't be imported`, async (t) => { t.throws(() => importSigningKey(pem), { message }); });
}
