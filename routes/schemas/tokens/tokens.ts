import { Type } from "@sinclair/typebox";

const Audience = Type.String({ minLength: 1, maxLength: 255, description: "An audience is 1 to 255 characters" });

export const MintBody = Type.Object(
  {
    client_id: Type.Optional(
      Type.String({ format: "uuid", description: "A UUID, from POST /clients; or authenticate by HTTP Basic" }),
    ),
    client_secret: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: "From POST /clients, 1 to 255 characters" }),
    ),
    sub: Type.String({
      minLength: 1,
      maxLength: 255,
      description: "The user: 1 to 255 printable characters, issued as they are",
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
    claims: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 128 }), Type.Unknown(), {
        maxProperties: 64,
        description: "Further claims (at most 64), e.g. roles. Registered claims and Authflow's own can't be set here",
      }),
    ),
    audience: Type.Optional(
      Type.Union([Audience, Type.Array(Audience, { minItems: 1, maxItems: 10, uniqueItems: true })], {
        description:
          "Who the token is for: one audience, or 1 to 10 different ones. Makes it a RFC 9068 token (typ at+jwt)",
      }),
    ),
    expires_in: Type.Optional(
      Type.Integer({ minimum: 1, description: "Lifetime in seconds, a whole number of at least 1" }),
    ),
  },
  {
    $id: "MintRequest",
    additionalProperties: false,
    examples: [
      {
        client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e",
        client_secret: "authflow_secret_…",
        sub: "alice",
        provider: "local",
        email: "alice@example.com",
        claims: { roles: ["editor"] },
        expires_in: 900,
      },
    ],
  },
);

export const TokenResponse = Type.Object(
  {
    access_token: Type.String({ description: "A JWT" }),
    token_type: Type.Literal("Bearer"),
    expires_in: Type.Integer({ description: "Lifetime in seconds" }),
  },
  {
    $id: "TokenResponse",
    examples: [{ access_token: "eyJhbGciOiJSUzI1NiIs…", token_type: "Bearer", expires_in: 3600 }],
  },
);

export const LogoutBody = Type.Object({
  everywhere: Type.Optional(Type.Boolean({ description: "true ends every token of the bearer's subject" })),
}, { additionalProperties: false });

export const LogoutResponse = Type.Object({
  revoked: Type.Literal(true),
  everywhere: Type.Optional(Type.Boolean({ description: "Whether every token of the subject was revoked" })),
  jti: Type.String({ description: "The token's id; `revoked:<jti>` stands in Redis until it would have expired" }),
}, { $id: "LogoutResponse", examples: [{ revoked: true, jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718" }] });

export const UserInfo = Type.Object({
  sub: Type.String(),
  iss: Type.String(),
  jti: Type.String(),
  iat: Type.Integer({ description: "NumericDate" }),
  exp: Type.Integer({ description: "NumericDate" }),
  client_id: Type.Optional(Type.String({ description: "Absent in tokens of the reference service" })),
  provider: Type.Optional(Type.String()),
}, {
  $id: "UserInfo",
  description: "The claims of a live token",
  additionalProperties: true,
  examples: [{
    sub: "alice", iss: "authflow-go", jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718", iat: 1795485600, exp: 1795489200,
    client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", provider: "local", email: "alice@example.com", roles: ["editor"],
  }],
});

export const Jwks = Type.Object(
  {
    keys: Type.Array(
      Type.Object({
        kty: Type.Union([Type.Literal("RSA"), Type.Literal("EC"), Type.Literal("OKP")]),
        use: Type.Literal("sig"),
        alg: Type.Union([Type.Literal("RS256"), Type.Literal("ES256"), Type.Literal("EdDSA")]),
        kid: Type.String(),
        n: Type.Optional(Type.String({ description: "RSA" })),
        e: Type.Optional(Type.String({ description: "RSA" })),
        crv: Type.Optional(Type.String({ description: "EC: P-256, OKP: Ed25519" })),
        x: Type.Optional(Type.String({ description: "EC and OKP" })),
        y: Type.Optional(Type.String({ description: "EC" })),
      }),
    ),
  },
  {
    $id: "Jwks",
    description: "RFC 7517 §5; the key that signs comes first",
    examples: [
      {
        keys: [
          {
            kty: "RSA",
            use: "sig",
            alg: "RS256",
            kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            n: "0vx7agoebGcQSuu…",
            e: "AQAB",
          },
        ],
      },
    ],
  },
);
