import { Type } from "@sinclair/typebox";
import { ClientCredentialsForm } from "./token.js";

export const IntrospectionForm = Type.Object({
  token: Type.String({ description: "The token" }),
  token_type_hint: Type.Optional(Type.String({ description: "Ignored: all tokens are access tokens" })),
  ...ClientCredentialsForm,
}, { $id: "IntrospectionRequest", examples: [{ token: "eyJhbGciOiJSUzI1NiIs…" }] });

export const IntrospectionResponse = Type.Object({
  active: Type.Boolean({
    description: "false: expired, revoked, or not a token of this issuer. Then it is the only member",
  }),
  token_type: Type.Optional(Type.Literal("Bearer")),
}, {
  $id: "IntrospectionResponse",
  description: "RFC 7662 §2.2: `active`, and the claims of a valid token",
  additionalProperties: true,
  examples: [{
    active: true, token_type: "Bearer", sub: "alice", iss: "authflow-go", jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718",
    iat: 1795485600, exp: 1795489200, client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", provider: "local",
  }, { active: false }],
});
