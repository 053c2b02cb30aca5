import type { Client } from "../clients/client.js";
import { requirePermission } from "../clients/permissions.js";
import type { SelfRegistered } from "../clients/scope-policy.js";
import { AuthflowError, unauthorizedClient } from "../shared/errors.js";
import type { AccessTokenClaims } from "../tokens/claims.js";
import type { TokenIssuer } from "../tokens/issuer.js";
import { authorizedPart, mintPart, type RequestedPart } from "./granted-part.js";
import type { RefreshTokenFamily } from "./refresh-token.js";

type Family = Pick<RefreshTokenFamily, "grant" | "sid">;
interface Dependencies { tokens: TokenIssuer; selfRegistered: SelfRegistered }

/** Throws unauthorized_client if the client may not use refresh tokens. */
export function requireRefresh({ id, grantTypes }: Client): void {
  if (grantTypes.includes("refresh_token")) return;
  throw unauthorizedClient("This client may not use refresh tokens: an operator can add refresh_token to the " +
    `grant_types of client ${id}`);
}

/**
 * The claims of the access token that a refresh token gives, as the client may have them now. Rejects with
 * unauthorized_client, invalid_scope or invalid_target if it may not have them, or asks for more than was granted.
 */
export async function claimsOfRefresh(
  dependencies: Dependencies,
  client: Client,
  family: Family,
  asked: RequestedPart,
): Promise<AccessTokenClaims> {
  try {
    return await claimsOfGrant(dependencies, client, family, asked);
  } catch (error) {
    if (!(error instanceof AuthflowError) || error.code !== "access_denied") throw error;
    throw unauthorizedClient(error.message); // POST /token knows no 403 (RFC 6749 §5.2)
  }
}

function claimsOfGrant(
  { tokens, selfRegistered }: Dependencies,
  client: Client,
  { grant, sid }: Family,
  asked: RequestedPart,
): Promise<AccessTokenClaims> {
  if (grant.kind === "authorized") {
    requirePermission(client, "login");
    const part = authorizedPart(client, grant.authorized, asked, { selfRegistered });
    return tokens.claimsOfAuthorized(client, grant.authorized, part);
  }
  requirePermission(client, "mint");
  const { expires_in: wanted, ...request } = mintPart(client, grant.request, asked);
  // The client's policy may have become stricter than it was for the first token.
  const lifetime = wanted === undefined ? {} : { expires_in: Math.min(wanted, tokens.longestLifetime(client)) };
  return tokens.claimsOfMint(client, { ...request, ...lifetime }, sid);
}
