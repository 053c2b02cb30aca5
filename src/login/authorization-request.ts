import { type Client, RESPONSE_TYPES, type ResponseType } from "../clients/client.js";
import { enforceLoginPolicy } from "../clients/mint-policy.js";
import { requirePermission } from "../clients/permissions.js";
import { isRegistered } from "../clients/redirect-uri.js";
import type { ClientRegistry } from "../clients/registry.js";
import { type LoginHints, loginHints } from "../providers/login-hints.js";
import { AuthflowError, invalidRedirectUri, invalidRequest, unauthorizedClient } from "../shared/errors.js";
import { isPrintable } from "../shared/text.js";
import type { Address } from "./authorization-response.js";
import { type AuthorizationRequest, defaultMode } from "./pending-login.js";

/** The query of GET /auth/{provider} (RFC 6749 §4.1.1 and §4.2.1, RFC 7636 §4.3), unchecked. */
export interface AuthorizationParameters extends LoginHints {
  client_id?: string | undefined;
  redirect_uri?: string | undefined;
  response_type?: string | undefined;
  state?: string | undefined;
  code_challenge?: string | undefined;
  code_challenge_method?: string | undefined;
}

/** Where further errors may be redirected to, because the client has registered the redirect URI. */
export interface ReturnAddress extends Address { client: Client }

/**
 * Checks client and redirect URI before anything else. Their errors must not be redirected: a redirect to an
 * unregistered URI would make Authflow an open redirector (RFC 6749 §4.1.2.1).
 */
export async function returnAddress(
  clients: ClientRegistry,
  { client_id: id, redirect_uri: redirectUri, response_type: responseType, state }: AuthorizationParameters,
): Promise<ReturnAddress> {
  if (id === undefined) throw invalidRequest("client_id is missing: the application that sent you here must send it");
  if (redirectUri === undefined)
    throw invalidRequest("redirect_uri is missing: the application that sent you here must send it");
  const client = await clients.lookUp(id);
  if (client === null) {
    // An MCP client keeps its client_id, and would come back with it for ever.
    throw new AuthflowError(400, "invalid_client", "There is no application with this client_id: " +
      "if it registers itself, remove its connection there, and add it again");
  }
  if (client.disabled) throw new AuthflowError(400, "invalid_client", "This application is disabled: ask its operator");
  if (!isRegistered(client, redirectUri)) {
    throw invalidRedirectUri(
      "redirect_uri is not registered for this application: it must equal a registered one character by character");
  }
  if (state !== undefined && !isPrintable(state)) throw invalidRequest("state must be printable characters");
  const known = RESPONSE_TYPES.find((type) => type === responseType) ?? client.responseTypes[0] ?? "code";
  return { client, redirectUri, state, responseType: known, responseMode: defaultMode(known) };
}

/** Makes the remaining checks, whose errors are redirected to the application. */
export function authorizationRequest(
  { client, redirectUri, state, responseType, responseMode }: ReturnAddress,
  provider: string,
  parameters: AuthorizationParameters,
): AuthorizationRequest {
  const { response_type: asked, code_challenge: codeChallenge, code_challenge_method: method } = parameters;
  if (asked !== undefined && asked !== responseType)
    throw new AuthflowError(400, "unsupported_response_type", `response_type must be ${RESPONSE_TYPES.join(" or ")}`);
  requirePermission(client, "login");
  // A login here asks for no consent.
  if (client.isSelfRegistered) {
    throw unauthorizedClient("This client registered itself, so its users must be asked for their consent: " +
      "send them to /authorize");
  }
  if (!client.responseTypes.includes(responseType)) {
    throw unauthorizedClient(
      `This client may not use response_type ${responseType}, only ${client.responseTypes.join(", ")}`);
  }
  enforceLoginPolicy(client.policy, provider);
  checkChallenge(client, responseType, codeChallenge, method);
  const hints = loginHints(parameters);
  return { clientId: client.id, redirectUri, responseType, responseMode, state, codeChallenge, hints };
}

/** Throws invalid_request unless the challenge is one of S256, or absent where that is allowed. */
export function checkChallenge(
  client: Pick<Client, "authMethod" | "isSelfRegistered">,
  type: ResponseType,
  challenge: string | undefined,
  method: string | undefined,
): void {
  if (challenge === undefined) {
    if (method !== undefined) throw invalidRequest("code_challenge_method needs a code_challenge");
    if (type === "code" && client.authMethod === "none")
      throw invalidRequest("code_challenge is missing: a public client must use PKCE (RFC 7636)");
    if (type === "code" && client.isSelfRegistered)
      throw invalidRequest("code_challenge is missing: a client that registered itself must use PKCE (RFC 7636)");
    return;
  }
  if (type !== "code") throw invalidRequest("code_challenge is for response_type code: there is no code otherwise");
  // RFC 7636 §4.3: the default method is plain, which does not help if an attacker can read the request.
  if (method !== "S256") throw invalidRequest("code_challenge_method must be S256");
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge))
    throw invalidRequest("code_challenge must be the SHA-256 of the verifier in base64url, 43 characters");
}
