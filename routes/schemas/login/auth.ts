import { Type } from "@sinclair/typebox";

/** Lenient where the application is told by redirect what is wrong: src/login checks the values. */
const parameter = (description: string, maxLength = 2048) => Type.Optional(Type.String({ maxLength, description }));

export const ProviderName = Type.Object({
  provider: Type.String({ description: "A name from GET /auth", examples: ["google"] }),
});

export const AuthorizationQuery = Type.Object({
  client_id: parameter("Required. From POST /clients"),
  redirect_uri: parameter("Required. One of the client's, character by character; a loopback address may have any port"),
  response_type: parameter("`token` or `code`; unset: the first of the client's response_types"),
  state: parameter("Returned as it came, at most 2048 characters: bind it to the user's session"),
  code_challenge: parameter("With `code`: the SHA-256 of a code_verifier in base64url (RFC 7636). Public clients must"),
  code_challenge_method: parameter("`S256`"),
});

export const CallbackQuery = Type.Object({
  state: parameter("What the provider was sent"),
  code: parameter("The provider's code", 8192),
  iss: parameter("The provider's issuer (RFC 9207)"),
  error: parameter("Why there is no code"),
});

export const ProviderList = Type.Object({
  providers: Type.Array(Type.Object({
    name: Type.String(),
    label: Type.String({ description: "What people call it" }),
    url: Type.String({ description: "Where a login begins: add client_id, redirect_uri and so on" }),
  })),
}, {
  $id: "ProviderList",
  examples: [{ providers: [{ name: "google", label: "Google", url: "https://auth.example.com/auth/google" }] }],
});
