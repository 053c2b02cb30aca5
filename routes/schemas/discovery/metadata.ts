import { Type } from "@sinclair/typebox";

export const Metadata = Type.Object({
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  token_endpoint: Type.String(),
  userinfo_endpoint: Type.String(),
  jwks_uri: Type.String(),
}, {
  $id: "Metadata",
  description: "OpenID Connect Discovery §3, RFC 8414 §2",
  additionalProperties: true,
  examples: [{
    issuer: "https://auth.example.com", authorization_endpoint: "https://auth.example.com/authorize",
    token_endpoint: "https://auth.example.com/token", userinfo_endpoint: "https://auth.example.com/userinfo",
    jwks_uri: "https://auth.example.com/.well-known/jwks.json", response_types_supported: ["code"],
  }],
});
