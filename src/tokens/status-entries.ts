import type { AccessTokenClaims } from "./claims.js";
import type { StatusClaim } from "./status-reference.js";

/** Where the issuer gets a token's entry in a status list (Token Status List §6). The lists are kept elsewhere. */
export interface StatusEntries {
  /** An entry that no other token has. Rejects with temporarily_unavailable where none can be had. */
  take(): StatusClaim | Promise<StatusClaim>;
  /** Keeps whose entry it is, before the token is signed by the key `kid`. Nothing for a token without a status. */
  record(claims: AccessTokenClaims, kid: string): void;
}
