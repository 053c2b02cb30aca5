import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Json, type Lies, PUBLIC_JWK, PUBLIC_PEM, sign, signWithExtension } from "../support/lying-upstream.js";
import { OTHER_ISSUER } from "./hostile-metadata.js";

/** Another key than the one the upstream publishes. */
const other = await generateKeyPair("RS256");
const otherJwk = await exportJWK(other.publicKey);

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jws = (header: object, claims: unknown, signature: string): string =>
  `${base64url({ alg: "RS256", kid: "the-key", ...header })}.${base64url(claims)}.${signature}`;
const unsigned = (alg: string): Lies => ({ sign: (claims) => jws({ alg }, claims, "") });
const hmac = (key: string | Buffer): Lies => ({
  sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "the-key" }).sign(Buffer.from(key)),
});
const claims = (changes: Json): Lies => ({ claims: (truth) => ({ ...truth, ...changes }) });
const without = (name: string): Lies => claims({ [name]: undefined });
const header = (changes: Json, key = other.privateKey): Lies => ({ sign: (claims) => sign(claims, changes, key) });
const now = Math.floor(Date.now() / 1000);
const DAY = 86_400;

/** The first login gets a good token, and every later one gets it again. */
function replayed(): Lies {
  let earlier: Promise<string> | undefined;
  return { sign: (claims) => (earlier ??= sign(claims)) };
}

/** Lies from the second login on. */
export const REPLAYED = "that is replayed from an earlier login";

/**
 * ID tokens that are to be refused (OpenID Connect Core §3.1.3.7, RFC 8725). `elsewhere`: a server that nobody may ask.
 */
export const hostileIdTokens = (elsewhere: string): Record<string, Lies> => ({
  "with the nonce of another login": { claims: (truth, { canary }) => ({ ...truth, nonce: canary }) },
  "without a nonce": without("nonce"),
  "with a list of nonces": { claims: (truth) => ({ ...truth, nonce: [truth.nonce] }) },
  "of another issuer": claims({ iss: OTHER_ISSUER }),
  "of an issuer with one slash more": { claims: (truth) => ({ ...truth, iss: `${String(truth.iss)}/` }) },
  "without an issuer": without("iss"),
  "for another client": { claims: (truth, { canary }) => ({ ...truth, aud: canary }) },
  "for nobody": without("aud"),
  "for several clients, and azp does not say which": {
    claims: (truth, { canary }) => ({ ...truth, aud: [truth.aud, canary] }),
  },
  "issued to another client": { claims: (truth, { canary }) => ({ ...truth, azp: canary }) },
  "issued to another of several clients": {
    claims: (truth, { canary }) => ({ ...truth, aud: [truth.aud, canary], azp: canary }),
  },
  "that is expired": claims({ iat: now - DAY, exp: now - 61 }),
  "that is a day old and good for another": claims({ iat: now - DAY, exp: now + DAY }),
  "issued in the far future": claims({ iat: now + DAY, exp: now + 2 * DAY }),
  "not valid yet": claims({ nbf: now + DAY }),
  "without sub": without("sub"),
  "without iat": without("iat"),
  "without exp": without("exp"),
  "whose exp is a text": claims({ exp: String(now + 300) }),
  "whose sub is empty": claims({ sub: "" }),
  "whose sub is no text": { claims: (truth, { canary }) => ({ ...truth, sub: { [canary]: true } }) },
  "whose sub is endless": { claims: (truth, { canary }) => ({ ...truth, sub: canary.repeat(100) }) },
  "whose sub reads other than it is": { claims: (truth, { canary }) => ({ ...truth, sub: `\u202e${canary}` }) },
  "whose sub breaks a line": { claims: (truth, { canary }) => ({ ...truth, sub: `a\r\n${canary}` }) },
  "with alg none": unsigned("none"),
  "with alg nOnE": unsigned("nOnE"),
  "with alg RS256 and no signature": unsigned("RS256"),
  "with HS256, keyed with the public key's PEM": hmac(PUBLIC_PEM),
  "with HS256, keyed with the trimmed PEM": hmac(PUBLIC_PEM.trim()),
  "with HS256, keyed with the public JWK": hmac(JSON.stringify(PUBLIC_JWK)),
  "with HS256, keyed with the modulus": hmac(Buffer.from(PUBLIC_JWK.n ?? "", "base64url")),
  "signed by another key under the right kid": header({}),
  "signed by another key under an unknown kid": header({ kid: "unknown" }),
  "signed by another key that it embeds as jwk": header({ jwk: otherJwk, kid: undefined }),
  "signed by another key that jku leads to": header({ jku: elsewhere }),
  "signed by another key that x5u leads to": header({ x5u: elsewhere }),
  "with an extension that must be understood": {
    sign: (claims, { canary }) => signWithExtension(claims, canary),
  },
  [REPLAYED]: replayed(),
  "that is no JWT": { sign: (_, { canary }) => canary },
  "that is encrypted": { sign: (_, { canary }) => jws({ alg: "RSA-OAEP", enc: "A128GCM" }, canary, "AAAA.AAAA.AAAA") },
  "whose claims are a list": { sign: (_, { canary }) => jws({}, [canary], "AAAA") },
});
