import { Type } from "@sinclair/typebox";

const url = (description: string) => Type.String({ format: "uri", description });

export const Service = Type.Object({
  service: Type.Literal("authflow"),
  issuer: Type.String({ description: "The `iss` of the tokens of /mint and /auth" }),
  documentation: Type.Optional(url("For people")),
  openapi: Type.Optional(url("For programs")),
  openid_configuration: url("For OpenID Connect clients: the discovery document, which names the issuer of /authorize"),
  jwks_uri: url("The keys that verify every token"),
  health: url("Whether this replica can serve requests"),
}, {
  $id: "Service",
  examples: [{
    service: "authflow", issuer: "authflow-go", documentation: "http://localhost:8080/docs",
    openapi: "http://localhost:8080/openapi.json",
    openid_configuration: "http://localhost:8080/.well-known/openid-configuration",
    jwks_uri: "http://localhost:8080/.well-known/jwks.json",
    health: "http://localhost:8080/health/ready",
  }],
});
