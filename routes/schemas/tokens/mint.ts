import { Type } from "@sinclair/typebox";
import { ClientAssertion } from "./token.js";

const Audience = Type.String({ minLength: 1, maxLength: 255, description: "An audience is 1 to 255 characters" });

const LoginText = (description: string) =>
  Type.String({ minLength: 1, maxLength: 255, description: `${description}, 1 to 255 characters` });

export const MintBody = Type.Object(
  {
    client_id: Type.Optional(
      Type.String({ format: "uuid", description: "A UUID, from POST /clients; or authenticate by HTTP Basic" }),
    ),
    client_secret: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: "From POST /clients, 1 to 255 characters" }),
    ),
    ...ClientAssertion,
    sub: Type.String({
      minLength: 1,
      maxLength: 255,
      description: "The user: 1 to 255 printable characters, issued unchanged",
    }),
    provider: Type.Optional(
      Type.String({
        pattern: "^[!-{}~]{1,64}$",
        description: "How the user was authenticated, e.g. google, local, sso: 1 to 64 characters without spaces and |",
        default: "local",
      }),
    ),
    email: Type.Optional(
      Type.String({
        pattern: "^[^\\s@]+@[^\\s@]+$",
        maxLength: 320,
        description: "An e-mail address of at most 320 characters",
      }),
    ),
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: "The user's full name, 1 to 255 characters" }),
    ),
    scope: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description: "What the token allows: values with a space between them (RFC 6749 §3.3), at most 1024 characters",
      }),
    ),
    acr: Type.Optional(LoginText("How strongly the user was authenticated (OpenID Connect Core §2)")),
    amr: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64, description: "A method of 1 to 64 characters" }), {
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        description: "How the user was authenticated, such as pwd and otp (RFC 8176): 1 to 16 different methods",
        examples: [["pwd", "otp"]],
      }),
    ),
    auth_time: Type.Optional(
      Type.Integer({
        minimum: 0, description: "When the user was authenticated, in whole seconds since 1970",
        examples: [1_795_485_600],
      }),
    ),
    sid: Type.Optional(LoginText("The id of the user's session with you")),
    claims: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 128 }), Type.Unknown(), {
        maxProperties: 64,
        description: "Additional claims (at most 64), e.g. roles. Registered claims and Authflow's can't be set here",
        examples: [{ roles: ["editor"] }],
      }),
    ),
    audience: Type.Optional(
      Type.Union([Audience, Type.Array(Audience, { minItems: 1, maxItems: 10, uniqueItems: true })], {
        description:
          "The services that the token is for: one audience, or 1 to 10 different ones",
      }),
    ),
    expires_in: Type.Optional(
      Type.Integer({
        minimum: 1, description: "Lifetime in seconds, a whole number of at least 1", examples: [900],
      }),
    ),
    refresh: Type.Optional(
      Type.Boolean({
        description: "true: also a refresh token, with which `POST /token` gives further tokens by the same request. " +
          "The tokens have a `sid`: yours, or a new one",
      }),
    ),
  },
  {
    $id: "MintRequest",
    additionalProperties: false,
    examples: [
      {
        sub: "alice",
        provider: "local",
        email: "alice@example.com",
        claims: { roles: ["editor"] },
        expires_in: 900,
      },
    ],
  },
);
