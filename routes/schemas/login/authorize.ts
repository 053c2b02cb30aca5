import { Type } from "@sinclair/typebox";
import { OneOf } from "../common.js";

/** Only that each parameter stands once is checked here. src/authorization checks the values, to redirect errors. */
const parameter = (description: string, maxLength = 2048) => Type.Optional(Type.String({ maxLength, description }));

/** RFC 8707 §2: the only parameter that may be repeated. */
const Resource = Type.Optional(Type.Array(Type.String({ maxLength: 2048 }), {
  maxItems: 10, description: "RFC 8707: the URI of the service that the token is for; may be sent several times",
}));

const request = {
  client_id: parameter("Required. From POST /clients"),
  redirect_uri: parameter("Required. Exactly one of the client's redirect URIs; a loopback address (of a public " +
    "client: or localhost) may have any port"),
  response_type: parameter("`code`"),
  scope: parameter("Space-separated: `openid profile email offline_access`, and what the client's policy allows"),
  state: parameter("Returned unchanged"),
  nonce: parameter("Returned in the ID token"),
  code_challenge: parameter("base64url of the SHA-256 of a code_verifier (RFC 7636). Required for public clients"),
  code_challenge_method: parameter("`S256`"),
  response_mode: parameter("`query` (default), `fragment` or `form_post`"),
  prompt: parameter("`none`, `login`, `consent`, `select_account`"),
  max_age: parameter("Seconds: the user must have logged in at most so long ago"),
  login_hint: parameter("The address or name of the user who is expected"),
  ui_locales: parameter("The user's languages, such as `fr-CH fr`"),
  acr_values: parameter("How the user should be authenticated, in the provider's words"),
  claims: parameter("Single claims for userinfo and the ID token (OpenID Connect Core §5.5), as JSON"),
  id_token_hint: parameter("An ID token of the user who is expected", 8192),
  resource: Resource,
  request: parameter("Request objects are not supported", 16_384),
  registration: parameter("Not supported", 16_384),
  provider: parameter("The name of the provider to log in with; also `idp_hint`, `kc_idp_hint`"),
  idp_hint: parameter("As `provider`"),
  kc_idp_hint: parameter("As `provider`"),
  hd: parameter("Google: the organisation's domain"),
  domain_hint: parameter("Microsoft: the tenant's domain"),
};

export const AuthorizeQuery = Type.Object({
  ...request, request_uri: parameter("From POST /par: stands for all other parameters but `client_id`"),
});

export const PushedForm = Type.Object({
  ...request,
  client_secret: parameter("If the client does not authenticate in another way"),
  client_assertion: parameter("RFC 7523", 8192),
  client_assertion_type: parameter("RFC 7523"),
  request_uri: parameter("Not allowed here"),
}, {
  $id: "PushedAuthorizationRequest",
  examples: [{
    client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", redirect_uri: "https://my-app.com/callback",
    response_type: "code", scope: "openid email", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  }],
});

export const PushedResponse = Type.Object({
  request_uri: Type.String({ description: "For GET /authorize, once" }),
  expires_in: Type.Integer({ description: "Seconds" }),
}, {
  $id: "PushedAuthorizationResponse",
  examples: [{ request_uri: "urn:ietf:params:oauth:request_uri:rA4Xb…", expires_in: 90 }],
});

const Question = Type.String({ maxLength: 16_384, description: "From Authflow's own redirect" });
export const ConsentQuery = Type.Object({ request: Question });
export const ConsentForm = Type.Object({
  request: Question, decision: OneOf(["allow", "deny"], "`allow` or `deny`"),
});
