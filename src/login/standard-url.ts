import type { AuthorizationRequest, StandardRequest } from "./pending-login.js";

/** The address of a request at /authorize, by which it is made again as it was. `changes` replace its parameters. */
export function standardUrl(
  publicUrl: string,
  request: AuthorizationRequest,
  standard: StandardRequest,
  changes: Record<string, string> = {},
): string {
  const { clientId, redirectUri, responseType, responseMode, state, codeChallenge, hints } = request;
  const { scopes, resources, nonce, prompts } = standard;
  const claims = claimsOf(standard);
  const query = new URLSearchParams({
    ...hints as Record<string, string>,
    client_id: clientId, redirect_uri: redirectUri, response_type: responseType, response_mode: responseMode,
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    ...(state !== undefined && { state }), ...(nonce !== undefined && { nonce }),
    ...(codeChallenge !== undefined && { code_challenge: codeChallenge, code_challenge_method: "S256" }),
    ...(prompts.length > 0 && { prompt: prompts.join(" ") }), ...(claims !== undefined && { claims }),
    ...changes,
  });
  for (const resource of resources) query.append("resource", resource);
  return `${publicUrl}/authorize?${query.toString()}`;
}

/**
 * The parameter `claims` (OpenID Connect Core §5.5). It names the only user that will do, also where an id_token_hint
 * did: a cookie has no room for an ID token. {} is the shortest request for a claim.
 */
function claimsOf({ wanted, subject, acrValues }: StandardRequest): string | undefined {
  const member = (names: string[]): object => Object.fromEntries(names.map((name) => [name, {}]));
  const userinfo = member(wanted.userinfo);
  const idToken = {
    ...member(wanted.idToken),
    ...(subject !== undefined && { sub: { value: subject } }),
    ...(acrValues !== undefined && { acr: { essential: true, values: acrValues } }),
  };
  if (Object.keys({ ...userinfo, ...idToken }).length === 0) return undefined;
  return JSON.stringify({ userinfo, id_token: idToken });
}
