import { constants, createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes,
  sign } from "node:crypto";
import t from "../support/tap.js";
import { unseal } from "../../src/keys/sealing.js";
import { localKeyEncryptionKey } from "../../src/keys/key-encryption-key.js";
import { someClaims, testApp } from "../support/app.js";

type Header = Record<string, unknown>;
const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

const app = await testApp(t);
const { kid, verification } = { kid: app.fastify.keys.signer.kid,
  verification: app.fastify.keys.verificationKey(app.fastify.keys.signer.kid) };
const stored = (await app.fastify.database.keys.load()).keys[0] as { sealedPrivateKey: string };
const der = unseal(localKeyEncryptionKey(app.fastify.config.dataDir), kid, stored.sealedPrivateKey);
const ours = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 });
const foreignJwk = foreign.publicKey.export({ format: "jwk" });

const rsa = (header: Header, key: KeyObject = ours, hash = "sha256", claims: object = someClaims()): string => {
  const input = `${encode(header)}.${encode(claims)}`;
  const padding = String(header.alg).startsWith("PS") ? { padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 32 } : {};
  return `${input}.${sign(hash, Buffer.from(input), { key, ...padding }).toString("base64url")}`;
};
const hmac = (header: Header, secret: string | Buffer, hash = "sha256"): string => {
  const input = `${encode(header)}.${encode(someClaims())}`;
  return `${input}.${createHmac(hash, secret).update(input).digest("base64url")}`;
};
const good = { alg: "RS256", typ: "JWT", kid };
const pem = verification?.publicKey.export({ format: "pem", type: "spki" }) as string;

await t.test("the same claims signed as they should be are accepted", async (t) => {
  t.equal((await app.userinfo(rsa(good))).status, 200);
  t.equal((await app.userinfo(rsa({ ...good, typ: "at+jwt" }))).status, 200);
});

const unsigned = (alg: unknown): string => `${encode({ ...good, alg })}.${encode(someClaims())}.`;
const [header64, claims64, signature64] = rsa(good).split(".") as [string, string, string];
const chain = ["MIIB"];
const refused: [what: string, token: string][] = [
  ...["none", "nOnE", "NONE", "None", "", null, undefined, ["RS256"],
    0].map((alg): [string, string] => [`alg ${JSON.stringify(alg)} without signature`, unsigned(alg)]),
  ["alg none with our signature", rsa({ ...good, alg: "none" })],
  ["rs256 in another case", rsa({ ...good, alg: "rs256" })],
  ["HS256 keyed with the public PEM", hmac({ ...good, alg: "HS256" }, pem)],
  ["HS256 keyed with the public PEM without its last line end", hmac({ ...good, alg: "HS256" }, pem.trimEnd())],
  ["HS512 keyed with the public PEM", hmac({ ...good, alg: "HS512" }, pem, "sha512")],
  ["HS256 keyed with nothing", hmac({ ...good, alg: "HS256" }, "")],
  ["RS256 that is an HMAC of the public PEM", hmac(good, pem)],
  ["a valid signature by another key under our kid", rsa(good, foreign.privateKey)],
  ["a valid signature by another key under its own kid", rsa({ ...good, kid: "foreign" }, foreign.privateKey)],
  ["RS384 by our key", rsa({ ...good, alg: "RS384" }, ours, "sha384")],
  ["RS512 by our key", rsa({ ...good, alg: "RS512" }, ours, "sha512")],
  ["PS256 by our key", rsa({ ...good, alg: "PS256" })],
  ["an embedded jwk", rsa({ ...good, jwk: foreignJwk }, foreign.privateKey)],
  ["an embedded jwk and no kid", rsa({ alg: "RS256", typ: "JWT", jwk: foreignJwk }, foreign.privateKey)],
  ["a jku", rsa({ ...good, jku: "https://evil.example/jwks.json" }, foreign.privateKey)],
  ["an x5u", rsa({ ...good, x5u: "https://evil.example/cert.pem" }, foreign.privateKey)],
  ["an x5c", rsa({ ...good, x5c: chain }, foreign.privateKey)],
  ["an unknown crit", rsa({ ...good, crit: ["exp"], exp: 1 })],
  ["an unknown crit that is present", rsa({ ...good, crit: ["x-policy"], "x-policy": true })],
  ["RFC 7797's b64", rsa({ ...good, crit: ["b64"], b64: false })],
  ["an empty crit", rsa({ ...good, crit: [] })],
  ["a crit that is no list", rsa({ ...good, crit: "exp" })],
  ["no kid", rsa({ alg: "RS256", typ: "JWT" })],
  ["a kid that is a number", rsa({ ...good, kid: 1 })],
  ["a kid that is a list", rsa({ ...good, kid: [kid] })],
  ["an empty kid", rsa({ ...good, kid: "" })],
  ["a kid that is a path", rsa({ ...good, kid: "../../../../dev/null" })],
  ["a kid that is SQL", rsa({ ...good, kid: "' OR 1=1 --" })],
  ["a kid with NUL", rsa({ ...good, kid: `${kid}\0` })],
  ["a kid of 5000 characters", rsa({ ...good, kid: "a".repeat(5000) })],
  ["a kid that is a member of every object", rsa({ ...good, kid: "constructor" })],
  ["a kid named __proto__", rsa({ ...good, kid: "__proto__" })],
  ["no typ", rsa({ alg: "RS256", kid })],
  ...["jwt", "ID", "id+jwt", "logout+jwt", "statuslist+jwt", "dpop+jwt", "", 1, ["JWT"],
    null].map((typ): [string, string] =>
    [`typ ${JSON.stringify(typ)}`, rsa({ ...good, typ })]),
  ["altered claims", `${header64}.${encode(someClaims({ sub: "root" }))}.${signature64}`],
  ["an altered signature", `${header64}.${claims64}.${signature64.startsWith("A") ? "B" : "A"}${signature64.slice(1)}`],
  ["an empty signature", `${header64}.${claims64}.`],
  ["a signature of noise", `${header64}.${claims64}.${randomBytes(256).toString("base64url")}`],
  ["a signature of zeros", `${header64}.${claims64}.${Buffer.alloc(256).toString("base64url")}`],
  ["two parts", `${header64}.${claims64}`],
  ["five parts, as of an encrypted token", `${header64}..${claims64}.${signature64}.a`],
  ["the general JSON serialisation",
    JSON.stringify({ payload: claims64, signatures: [{ protected: header64, signature: signature64 }] })],
  ["a header that is no JSON", `${encode("{")}.${claims64}.${signature64}`],
  ["a header that is null", `${encode("null")}.${claims64}.${signature64}`],
];
for (const [what, token] of refused) {
  await t.test(`a token is refused with ${what}`, async (t) => {
    const { status, headers, body } = await app.userinfo(token);
    t.match({ status, error: body.error, challenge: headers["www-authenticate"] },
      { status: 401, error: "invalid_token", challenge: /^Bearer .*error="invalid_token"/ });
    t.equal((await app.logout(token)).status, 401);
  });
}
