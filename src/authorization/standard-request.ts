import type { Client } from "../clients/client.js";
import { refusedGrant } from "../clients/grant-types.js";
import { requirePermission } from "../clients/permissions.js";
import { grantedResources, grantedScopes, type SelfRegistered } from "../clients/scope-policy.js";
import { checkChallenge, type ReturnAddress } from "../login/authorization-request.js";
import {
  type AuthorizationRequest, RESPONSE_MODES, type ResponseMode, type StandardRequest,
} from "../login/pending-login.js";
import { type LoginHints, loginHints, promptsOf } from "../providers/login-hints.js";
import { AuthflowError, invalidRequest, unauthorizedClient } from "../shared/errors.js";
import { isPrintable } from "../shared/text.js";
import { requestedClaimNames } from "./claims-parameter.js";
import type { RequestParameters } from "./pushed-requests.js";

/** Values of the parameter prompt (OpenID Connect Core §3.1.2.1). */
export const PROMPTS = ["none", "login", "consent", "select_account"] as const;
const NONCE_MAX = 1024;

/** What the deployment decides about requests. */
export interface RequestRules {
  selfRegistered: SelfRegistered;
  /** Whether every client must use PKCE, as OAuth 2.1 demands, and not public ones only. */
  requirePkce: boolean;
  /** Verifies an id_token_hint; resolves to its subject. */
  subjectOfHint: (hint: string, client: Client) => Promise<string>;
}

/** One value of a parameter that may stand once. */
export const single = (parameters: RequestParameters, name: string): string | undefined => {
  const value = parameters[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** How the answer to this request travels, also if it is an error. A mode that is unknown is refused later. */
export function responseMode(
  { responseMode: mode, redirectUri }: ReturnAddress,
  asked: string | undefined,
): ResponseMode {
  const known = RESPONSE_MODES.find((one) => one === asked);
  return known === undefined || (known === "form_post" && !isWeb(redirectUri)) ? mode : known;
}

/** The response_mode that a request object names: its refusal travels as the client expects it. Nothing else counts. */
export const modeInObject = (object: string | undefined): string | undefined => {
  try {
    const { response_mode: mode } = JSON.parse(Buffer.from(object?.split(".")[1] ?? "", "base64url").toString()) as
      { response_mode?: unknown };
    return typeof mode === "string" ? mode : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Makes the checks whose errors are sent to the application (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.2 and
 * §3.1.2.6, RFC 8707 §2). `address` already has its response mode.
 */
export async function standardRequest(
  address: ReturnAddress,
  parameters: RequestParameters,
  rules: RequestRules,
): Promise<AuthorizationRequest & { standard: StandardRequest }> {
  const given = (name: string): string | undefined => single(parameters, name);
  const { client, redirectUri, state } = address;
  refuseObjects(given);
  checkResponse(address, given);
  requirePermission(client, "login");
  if (!client.grantTypes.includes("authorization_code"))
    throw refusedGrant(client, "authorization_code");
  const codeChallenge = given("code_challenge");
  checkChallenge(client, "code", codeChallenge, given("code_challenge_method"));
  if (codeChallenge === undefined && (client.policy.require_pkce ?? rules.requirePkce))
    throw invalidRequest("code_challenge is missing: this client must use PKCE (RFC 7636)");
  const prompts = checkedPrompts(given("prompt"));
  const resources = grantedResources(client, [parameters.resource ?? []].flat(), rules);
  const scopes = grantedScopes(client, given("scope"), resources, rules);
  const { subject, acrValues, ...wanted } = requestedClaimNames(given("claims"));
  const nonce = given("nonce");
  if (nonce !== undefined && (nonce.length > NONCE_MAX || !isPrintable(nonce)))
    throw invalidRequest(`nonce must be printable characters, at most ${NONCE_MAX}`);
  const hint = given("id_token_hint");
  const hinted = hint === undefined ? undefined : await rules.subjectOfHint(hint, client);
  if (hinted !== undefined && subject !== undefined && hinted !== subject)
    throw invalidRequest("id_token_hint and claims name different users");
  const hints = upstreamHints(given, prompts);
  const maxAge = hints.max_age === undefined ? undefined : Number(hints.max_age);
  return {
    clientId: client.id, redirectUri, responseType: "code", responseMode: address.responseMode, state, codeChallenge,
    hints,
    standard: {
      scopes, resources, wanted, prompts, nonce, maxAge, acrValues, subject: hinted ?? subject,
    },
  };
}

/** OpenID Connect Core §3.1.2.6: objects, and references to them other than pushed ones, are not supported. */
function refuseObjects(given: (name: string) => string | undefined): void {
  const refuse = (code: string, description: string): never => { throw new AuthflowError(400, code, description); };
  if (given("request") !== undefined)
    refuse("request_not_supported", "request objects are not supported: send the parameters, or push them (RFC 9126)");
  if (given("request_uri") !== undefined)
    refuse("request_uri_not_supported", "request_uri must be one that the pushed authorization request endpoint gave");
  if (given("registration") !== undefined)
    refuse("registration_not_supported", "registration is not supported: register the client before");
}

function checkResponse({ client, redirectUri }: ReturnAddress, given: (name: string) => string | undefined): void {
  const [type, mode] = [given("response_type"), given("response_mode")];
  if (type === undefined) throw invalidRequest("response_type is missing: it must be code");
  if (type !== "code") throw new AuthflowError(400, "unsupported_response_type", "response_type must be code");
  if (!client.responseTypes.includes("code")) {
    throw unauthorizedClient("This client may not use response_type code: an operator can add it to its " +
      `response_types (PATCH /clients/${client.id})`);
  }
  if (mode === undefined) return;
  if (!RESPONSE_MODES.some((one) => one === mode))
    throw invalidRequest(`response_mode must be ${RESPONSE_MODES.join(", ")}`);
  if (mode === "form_post" && !isWeb(redirectUri))
    throw invalidRequest("response_mode form_post needs a redirect_uri that begins with https:// or http://");
}

const isWeb = (uri: string): boolean => /^https?:/i.test(uri);

function checkedPrompts(prompt: string | undefined): string[] {
  const prompts = [...new Set(promptsOf({ prompt }))];
  const unknown = prompts.find((one) => !PROMPTS.some((known) => known === one));
  if (unknown !== undefined) throw invalidRequest(`prompt must be of ${PROMPTS.join(", ")}`);
  if (prompts.includes("none") && prompts.length > 1) throw invalidRequest("prompt none must stand alone");
  return prompts;
}

/** What the provider gets too. It does not ask for this service's consent, and is not reached with prompt=none. */
function upstreamHints(given: (name: string) => string | undefined, prompts: readonly string[]): LoginHints {
  const prompt = prompts.filter((one) => one === "login" || one === "select_account").join(" ");
  return loginHints({
    ...(prompt !== "" && { prompt }),
    login_hint: given("login_hint"), max_age: given("max_age"), ui_locales: given("ui_locales"),
    acr_values: given("acr_values"), hd: given("hd"), domain_hint: given("domain_hint"),
  });
}
