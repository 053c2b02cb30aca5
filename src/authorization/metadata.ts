import { AUTH_METHODS } from "../clients/client.js";
import { ASSERTION_ALGORITHMS } from "../clients/client-keys.js";
import { RESPONSE_MODES } from "../login/pending-login.js";
import { PROMPTS } from "./standard-request.js";

/** What the metadata follows from. */
export interface MetadataSources {
  issuer: string;
  publicUrl: string;
  grantTypes: readonly string[];
  scopes: readonly string[];
  signingAlgorithms: readonly string[];
  canRegister: boolean;
  docs: boolean;
}

/** The metadata of this service (OpenID Connect Discovery §3, RFC 8414 §2). */
export function metadata({
  issuer, publicUrl, grantTypes, scopes, signingAlgorithms, canRegister, docs,
}: MetadataSources) {
  const at = (path: string): string => `${publicUrl}${path}`;
  const authMethods = AUTH_METHODS;
  return {
    issuer,
    authorization_endpoint: at("/authorize"),
    token_endpoint: at("/token"),
    userinfo_endpoint: at("/userinfo"),
    jwks_uri: at("/.well-known/jwks.json"),
    pushed_authorization_request_endpoint: at("/par"),
    revocation_endpoint: at("/revoke"),
    introspection_endpoint: at("/introspect"),
    ...(canRegister && { registration_endpoint: at("/clients") }),
    ...(docs && { service_documentation: at("/docs") }),
    scopes_supported: scopes,
    response_types_supported: ["code"],
    response_modes_supported: RESPONSE_MODES,
    grant_types_supported: grantTypes,
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: signingAlgorithms,
    token_endpoint_auth_methods_supported: authMethods,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: authMethods.filter((method) => method !== "none"),
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    code_challenge_methods_supported: ["S256"],
    prompt_values_supported: PROMPTS,
    claim_types_supported: ["normal"],
    claims_supported: [
      "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid",
      "email", "email_verified", "name", "picture",
    ],
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
  };
}
