import type { IdentityClaims } from "../tokens/claims.js";
import type { StatusReference } from "../tokens/status-reference.js";

/** A one-time code (RFC 6749 §4.1.2), kept as its SHA-256. Instants are epoch milliseconds. */
export interface AuthorizationCode {
  codeHash: string;
  clientId: string;
  redirectUri: string;
  codeChallenge: string | undefined;
  /** Once it was exchanged, no more than the subject. */
  claims: IdentityClaims;
  /** Of the code; once it was exchanged, of the token. */
  expiresAt: number;
  /** The token it was exchanged for. */
  jti: string | undefined;
  /** That token's, where it has one. */
  status: StatusReference | undefined;
}

export interface AuthorizationCodeStore {
  issue(code: AuthorizationCode): Promise<void>;
  find(codeHash: string): Promise<AuthorizationCode | null>;
  /**
   * Marks a code that was found as exchanged for this token, and forgets its claims but for the
   * subject. False where it already was: of any number of callers, on any replica, one gets true.
   */
  exchange(
    code: AuthorizationCode,
    token: { jti: string; expiresAt: number; status: StatusReference | undefined },
  ): Promise<boolean>;
  /** Deletes up to `limit` codes with expiresAt <= before; returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}
