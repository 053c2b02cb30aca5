import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export const newKey = (): KeyObject => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
export const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (part = ""): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;

export const headerOf = (token: string): Record<string, unknown> => decode(token.split(".")[0]);
export const claimsOf = (token: string): Record<string, unknown> => decode(token.split(".")[1]);

/** A JWT with this header and these claims, signed as the key is (RS256, ES256, EdDSA) whatever the header says. */
export function signed(header: object, claims: object, key: KeyObject): string {
  const input = `${encode(header)}.${encode(claims)}`;
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return `${input}.${sign(digest, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** What no verifier may accept, by what is wrong with it; `live` is a token that was signed with `key`. */
export function hostileTokens(live: string, key: KeyObject): Record<string, string> {
  const [head, body, signature] = live.split(".") as [string, string, string];
  const [header, claims, foreign] = [headerOf(live), claimsOf(live), newKey()];
  const { exp: _exp, ...endless } = claims;
  const { sub: _sub, ...nobody } = claims;
  const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  const hs256 = `${encode({ ...header, alg: "HS256" })}.${body}`;
  const publicPem = createPublicKey(key).export({ type: "spki", format: "pem" });
  return {
    "a tampered payload": [head, encode({ ...claims, sub: "mallory" }), signature].join("."),
    "a tampered signature": [head, body, flipped].join("."),
    "no signature": `${head}.${body}.`,
    "alg none": `${encode({ ...header, alg: "none" })}.${body}.`,
    "HS256 keyed with the public key": `${hs256}.${createHmac("sha256", publicPem).update(hs256).digest("base64url")}`,
    "another key under our kid": signed(header, claims, foreign),
    "another key that the token brings along":
      signed({ ...header, jwk: createPublicKey(foreign).export({ format: "jwk" }) }, claims, foreign),
    "another issuer": signed(header, { ...claims, iss: "someone-else" }, key),
    "an expired token": signed(header, { ...claims, exp: Math.floor(Date.now() / 1000) - 3600 }, key),
    "a token that never expires": signed(header, endless, key),
    "a token without sub": signed(header, nobody, key),
    "a token for another service": signed({ ...header, typ: "at+jwt" }, { ...claims, aud: "shop" }, key),
    "no JWT": "opaque",
  };
}
