import { AuthflowError } from "../shared/errors.js";
import type { AccessTokenClaims } from "./claims.js";

/** Claims about the token and the login, not about the user. */
const NOT_ABOUT_THE_USER = new Set([
  "iss", "aud", "exp", "nbf", "iat", "jti", "client_id", "provider", "scope", "sid", "auth_time", "acr", "amr",
  "status", "cnf", "act",
]);

/**
 * The answer of userinfo for a live token. Of a token of the standard endpoints: the user's claims, which stand in it
 * as far as its scope goes (OpenID Connect Core §5.3 and §5.4). Throws insufficient_scope if it lacks `openid`. Of any
 * other token: all its claims.
 */
export function userinfoOf(
  claims: AccessTokenClaims,
  { issuer, standardIssuer }: { issuer: string; standardIssuer: string },
): Pick<AccessTokenClaims, "sub"> {
  const isForUserinfo = claims.scope?.split(" ").includes("openid") === true;
  // With one issuer for both, only the scope tells them apart.
  if (claims.iss !== standardIssuer || (issuer === standardIssuer && !isForUserinfo)) return claims;
  if (!isForUserinfo) {
    throw new AuthflowError(403, "insufficient_scope", "The token lacks the scope openid: request it at /authorize",
      { challenge: "Bearer" });
  }
  const { sub, ...others } = claims;
  return { sub, ...Object.fromEntries(Object.entries(others).filter(([name]) => !NOT_ABOUT_THE_USER.has(name))) };
}
