import type { KeyRing } from "../keys/key-ring.js";
import type { VerificationKey } from "../keys/opened-ring.js";
import { type Clock, MAX_CLOCK_SKEW } from "../shared/clock.js";
import { digest } from "../shared/digest.js";
import { AuthflowError, invalidToken } from "../shared/errors.js";
import { RecentlyUsed } from "../shared/recently-used.js";
import type { AccessTokenClaims } from "./claims.js";
import { hasValidSignature, type JoseHeader, parseCompact, type UnverifiedJws } from "./jws.js";

/** An access token of this issuer with a valid signature that has not expired. */
export interface VerifiedToken {
  claims: Readonly<AccessTokenClaims>;
  /** The key that signed it. */
  kid: string;
}

interface Dependencies {
  ring: KeyRing;
  /** The clock that all replicas share. */
  clock: Clock;
  /** This machine's own. */
  systemClock: Clock;
  /** The iss of /mint's and /auth's tokens, and that of the standard endpoints' tokens. */
  issuers: readonly string[];
}

/** What a token says that a key has signed. It may have expired or been revoked since, and so may the key. */
interface SignedToken extends Pick<UnverifiedJws, "header" | "payload"> { key: VerificationKey }

/** Tokens whose signature is remembered, and the longest of them in characters. */
const CAPACITY = 2000;
const MAX_LENGTH = 4096;
const KID = /^[A-Za-z0-9._-]{1,128}$/;
const ACCESS_TOKEN_TYPES: unknown[] = ["JWT", "at+jwt"];
const MALFORMED = "The token is not a valid token of this issuer: send the access_token, unchanged";
const FOREIGN = "The token was not signed by a key of this issuer";

/** Verifies access tokens (RFC 7519 §7.2, RFC 8725 §3). It does not check revocation; see LiveTokens. */
export class TokenVerifier {
  readonly #dependencies: Dependencies;
  /**
   * By the SHA-256 of the token. Services ask about a token with each request of its user, and to verify its signature
   * costs more than all the rest. The text is not kept: who reads this memory gets no token.
   */
  readonly #signed = new RecentlyUsed<SignedToken>(CAPACITY);

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Rejects with invalid_token, or with temporarily_unavailable if this issuer's keys can't be read. */
  async verify(token: string): Promise<VerifiedToken> {
    const { header, payload, key: { kid } } = await this.#signedToken(token);
    if (!ACCESS_TOKEN_TYPES.includes(header.typ)) throw invalidToken("This is not an access token");
    const claims = this.#checkClaims(payload);
    await this.#checkLifetime(claims, kid);
    return { claims, kid };
  }

  /** Rejects with invalid_token unless a key of this issuer, which is still good, has signed it. */
  async #signedToken(token: string): Promise<SignedToken> {
    const id = digest(token);
    const known = this.#signed.get(id);
    if (known !== undefined && known.key === await this.#key(known.header)) return known;
    const jws = parseCompact(token);
    if (jws === undefined) throw invalidToken(MALFORMED);
    const { header, payload } = jws;
    const key = await this.#key(header);
    if (!hasValidSignature(jws, key)) throw invalidToken(FOREIGN);
    const signed = { header, payload: Object.freeze(payload), key };
    if (token.length <= MAX_LENGTH) this.#signed.set(id, signed);
    return signed;
  }

  /**
   * The subject of an ID token that this issuer gave the client, even if it has expired (OpenID Connect Core §3.1.2.1,
   * id_token_hint). Undefined if it is no such token.
   */
  async subjectOfIdToken(token: string, clientId: string): Promise<string | undefined> {
    const jws = parseCompact(token);
    if (jws === undefined) return undefined;
    const key = await this.#key(jws.header).catch((error: unknown) => {
      if (error instanceof AuthflowError && error.code === "invalid_token") return undefined;
      throw error;
    });
    const { iss, aud, sub } = jws.payload;
    const isOurs = key !== undefined && hasValidSignature(jws, key)
      && this.#dependencies.issuers.includes(iss as string) && aud === clientId && isIdToken(jws.payload)
      && typeof sub === "string";
    return isOurs ? sub : undefined;
  }

  /**
   * The key that the header names. Keys in the token itself (jwk, jku, x5u, x5c) are never used. An unknown kid may be
   * a key that another replica has just made: the ring is read again before the token is refused.
   */
  async #key({ kid, alg, crit }: JoseHeader): Promise<VerificationKey> {
    if (crit !== undefined) throw invalidToken(MALFORMED); // RFC 7515 §4.1.11: no extension is supported
    if (typeof kid !== "string" || !KID.test(kid)) throw invalidToken(FOREIGN);
    const { ring } = this.#dependencies;
    const key = ring.verificationKey(kid) ?? await ring.lookUp(kid);
    if (key === undefined) throw invalidToken(FOREIGN);
    if (alg !== key.algorithm) throw invalidToken("The token's algorithm is not the one of its key");
    return key;
  }

  #checkClaims(claims: Record<string, unknown>): AccessTokenClaims {
    const { iss, sub, jti, iat, exp, nbf } = claims;
    if (!this.#dependencies.issuers.includes(iss as string)) throw invalidToken(MALFORMED);
    const complete =
      [sub, jti].every((claim) => typeof claim === "string" && claim !== "") &&
      [iat, exp].every((claim) => Number.isSafeInteger(claim) && (claim as number) >= 0);
    if (!complete && isIdToken(claims)) throw invalidToken("This is an ID token: send the access_token");
    if (!complete) throw invalidToken("The token lacks a claim that every access token has: sub, jti, iat or exp");
    const now = this.#now();
    if (now >= (exp as number) * 1000) throw invalidToken("The token has expired");
    // RFC 7519 §4.1.5. Authflow does not set nbf; the service whose key was imported may have set it.
    if (nbf !== undefined && !(typeof nbf === "number" && nbf >= 0 && now >= nbf * 1000)) throw invalidToken(MALFORMED);
    // Else a token could choose a time of issue that no cut-off covers.
    if ((iat as number) * 1000 > now + MAX_CLOCK_SKEW) throw invalidToken("The token's iat is in the future");
    return claims as AccessTokenClaims;
  }

  /**
   * A cut-off is kept for as long as the longest token that is accepted. Another replica may just have recorded a
   * longer lifetime: the ring is read again before the token is refused.
   */
  async #checkLifetime({ iat, exp }: AccessTokenClaims, kid: string): Promise<void> {
    const { ring } = this.#dependencies;
    if (exp - iat <= ring.longestTtlOf(kid)) return;
    await ring.lookUp(kid);
    const longest = ring.longestTtlOf(kid);
    if (exp - iat > longest)
      throw invalidToken(`The token's lifetime (exp - iat) exceeds ${longest} s, the longest that its key may give`);
  }

  /**
   * Epoch ms. After a sleep, the shared clock of this replica is late until the database can be read again; the
   * machine's own clock limits the error to MAX_CLOCK_SKEW.
   */
  #now(): number {
    const { clock, systemClock } = this.#dependencies;
    return Math.max(clock(), systemClock() - MAX_CLOCK_SKEW);
  }
}

/** An access token whose audience is the client has a jti, and no azp, which nobody else can set. */
const isIdToken = ({ aud, azp, jti }: Record<string, unknown>): boolean =>
  jti === undefined && typeof azp === "string" && aud === azp;
