import { Type } from "@sinclair/typebox";

/** Only the length is checked here. src/login checks the values, because it can redirect to the application. */
const parameter = (description: string, maxLength = 2048) => Type.Optional(Type.String({ maxLength, description }));

const hint = (description: string) => parameter(`Goes to the provider. ${description}`, 255);

export const ProviderName = Type.Object({
  provider: Type.String({ description: "A name from GET /auth", examples: ["google"] }),
});

export const AuthorizationQuery = Type.Object({
  client_id: parameter("Required. From POST /clients"),
  redirect_uri: parameter("Required. Exactly one of the client's redirect URIs; a loopback address (of a public " +
    "client: or localhost) may have any port"),
  response_type: parameter("`token` or `code`. Default: the first of the client's `response_types`"),
  state: parameter("Returned unchanged, at most 2048 characters; with redirect_uri and the parameters for the " +
    "provider at most about 2600 bytes. Bind it to the user's session"),
  code_challenge: parameter("With `code`: base64url of the SHA-256 of a code_verifier (RFC 7636). " +
    "Required for public clients"),
  code_challenge_method: parameter("`S256`"),
  prompt: hint("`login`, `consent`, `select_account`, or `none`, which shows the user no page. With `login` the " +
    "provider must prove that the user has just logged in"),
  login_hint: hint("The address or name of the user who is expected"),
  max_age: hint("Seconds: the provider must prove that the user logged in at most so long ago"),
  ui_locales: hint("The user's languages, such as `fr-CH fr`"),
  acr_values: hint("How the user should be authenticated, in the provider's words"),
  hd: hint("Google: the organisation's domain. The account must belong to it"),
  domain_hint: hint("Microsoft: the tenant's domain"),
});

export const CallbackQuery = Type.Object({
  state: parameter("The `state` that Authflow sent to the provider"),
  code: parameter("The provider's code", 8192),
  iss: parameter("The provider's issuer (RFC 9207)"),
  error: parameter("The provider's error code (RFC 6749 §4.1.2.1)"),
  error_description: parameter("The provider's explanation, for the log", 8192),
  user: parameter("Apple's: the name of a user who logs in for the first time"),
});

export const ProviderList = Type.Object({
  providers: Type.Array(Type.Object({
    name: Type.String(),
    label: Type.String({ description: "The name to show to users" }),
    url: Type.String({ description: "Starts a login: add `client_id`, `redirect_uri` and the other parameters" }),
  })),
}, {
  $id: "ProviderList",
  examples: [{ providers: [{ name: "google", label: "Google", url: "https://auth.example.com/auth/google" }] }],
});
