import { invalidRequest } from "../shared/errors.js";
import { isLogoUrl, LOGO_RULE } from "../shared/logo.js";
import { characters, isBlank, isPrintable } from "../shared/text.js";
import type { Client } from "./client.js";
import { checkJwks, checkJwksUri } from "./client-keys.js";
import { checkRedirectUri } from "./redirect-uri.js";

const NAME_MAX = 100;
const REDIRECT_URIS_MAX = 20;

/** Throws invalid_request or invalid_redirect_uri unless what is given may stand on a page, or be returned to. */
export function checkNames(
  { name, logoUri = null, redirectUris }: Partial<Pick<Client, "name" | "logoUri" | "redirectUris">>,
): void {
  if (logoUri !== null && !isLogoUrl(logoUri)) throw invalidRequest(`logo_uri must be ${LOGO_RULE}`);
  if (name !== undefined && (!isPrintable(name) || isBlank(name)))
    throw invalidRequest("name must be printable text without control characters");
  if (name !== undefined && characters(name) > NAME_MAX)
    throw invalidRequest(`name must be at most ${NAME_MAX} characters`);
  if (redirectUris !== undefined && redirectUris.length > REDIRECT_URIS_MAX) {
    throw invalidRequest(`redirect_uris must be at most ${REDIRECT_URIS_MAX}`);
  }
  redirectUris?.forEach(checkRedirectUri);
  if (new Set(redirectUris).size !== (redirectUris ?? []).length)
    throw invalidRequest("redirect_uris must not repeat a URI");
}

/** Throws invalid_request unless a client that authenticates by private_key_jwt has keys, in one place. */
export function checkKeys(
  { authMethod, jwks, jwksUri }: Pick<Client, "authMethod" | "jwks" | "jwksUri">,
  rules: { isLocal: boolean },
): void {
  if (jwks !== null && jwksUri !== null) throw invalidRequest("Send jwks or jwks_uri, not both"); // RFC 7591 §2
  if (authMethod === "private_key_jwt" && jwks === null && jwksUri === null)
    throw invalidRequest("jwks or jwks_uri is missing: private_key_jwt needs the client's public keys");
  if (jwks !== null) checkJwks(jwks);
  if (jwksUri !== null) checkJwksUri(jwksUri, rules);
}
