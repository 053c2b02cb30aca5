import { Type } from "@sinclair/typebox";
import { ClientCredentialsForm } from "./token.js";

export const IntrospectionForm = Type.Object({
  token: Type.String({ description: "The token" }),
  token_type_hint: Type.Optional(Type.String({ description: "Ignored: a token shows what it is" })),
  ...ClientCredentialsForm,
}, { $id: "IntrospectionRequest", examples: [{ token: "eyJhbGciOiJSUzI1NiIs…" }] });

export const IntrospectionResponse = Type.Object({
  active: Type.Boolean({
    description: "false: expired, revoked, or not a token of this issuer. Then it is the only member",
  }),
  token_type: Type.Optional(Type.Literal("Bearer", { description: "Of access tokens only" })),
  scope: Type.Optional(Type.String({ description: "What the token allows (RFC 6749 §3.3)" })),
  sid: Type.Optional(Type.String({ description: "The session" })),
  exp: Type.Optional(Type.Integer({
    description: "NumericDate. Of a refresh token: when it expires unless it is used before",
  })),
}, {
  $id: "IntrospectionResponse",
  description: "RFC 7662 §2.2: `active`, and the claims of a valid token",
  additionalProperties: true,
  examples: [{
    active: true, token_type: "Bearer", sub: "alice", iss: "authflow-go", jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718",
    iat: 1795485600, exp: 1795489200, client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", provider: "local",
  }, {
    active: true, client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", sub: "alice",
    sid: "0b0f8f5e-8c4d-4f0e-9a51-8a3f5be0f0c1", iat: 1795485600, exp: 1796695200,
  }, { active: false }],
});
