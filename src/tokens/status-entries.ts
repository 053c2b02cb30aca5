import type { AccessTokenClaims } from "./claims.js";
import type { StatusClaim } from "./status-reference.js";

/** Provides the tokens' entries in status lists (Token Status List §6); see StatusAllocator. */
export interface StatusEntries {
  /** An entry that no other token has. Rejects with temporarily_unavailable if there is none. */
  take(): StatusClaim | Promise<StatusClaim>;
  /** Records the token of an entry before the key `kid` signs it. Ignores a token without a status. */
  record(claims: AccessTokenClaims, kid: string): void;
}
