import type { RefreshTokenFamily } from "../sessions/refresh-token.js";
import type { IdentityClaims } from "../tokens/claims.js";
import type { Authorized } from "../tokens/authorized.js";
import type { StatusReference } from "../tokens/status-reference.js";

/** A one-time code (RFC 6749 §4.1.2), stored as its SHA-256. Instants are epoch milliseconds. */
export interface AuthorizationCode {
  codeHash: string;
  clientId: string;
  redirectUri: string;
  codeChallenge: string | undefined;
  /** After the exchange only `sub` and `provider`. */
  claims: IdentityClaims;
  /** What a code of /authorize stands for; undefined: it is of /auth/{provider}. After the exchange only `sid`. */
  authorized: (Partial<Authorized> & Pick<Authorized, "sid">) | undefined;
  /** When the code expires; after the exchange, when the token expires. */
  expiresAt: number;
  /** Of the token that was issued for it; undefined before the exchange. */
  jti: string | undefined;
  /** That token's entry in a status list, if it has one. */
  status: StatusReference | undefined;
}

/** What a code is exchanged for: an access token, and the first refresh token of a login that lasts. */
export interface Exchange {
  code: AuthorizationCode;
  token: { jti: string; expiresAt: number; status: StatusReference | undefined };
  family: RefreshTokenFamily | undefined;
}

export interface AuthorizationCodeStore {
  issue(code: AuthorizationCode): Promise<void>;
  /** Those that exist, in any order. */
  findAll(codeHashes: readonly string[]): Promise<AuthorizationCode[]>;
  /**
   * Marks codes as exchanged, deletes what they stand for except `sub`, `provider` and `sid`, and starts the families.
   * For each of them: false, and no family, if the code was exchanged already. Of concurrent callers, on any replica,
   * exactly one gets true.
   */
  exchange(exchanges: readonly Exchange[]): Promise<boolean[]>;
  /** Deletes up to `limit` codes with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
