import { Type } from "@sinclair/typebox";
import { MintBody } from "./tokens.js";

export const RevocationBody = Type.Object({
  client_id: MintBody.properties.client_id,
  client_secret: MintBody.properties.client_secret,
  sub: MintBody.properties.sub,
}, { $id: "RevocationRequest", additionalProperties: false, examples: [{ sub: "alice" }] });

export const RevokedSubject = Type.Object({
  revoked: Type.Literal(true),
  sub: Type.String(),
}, { $id: "RevokedSubject", examples: [{ revoked: true, sub: "alice" }] });

export const RevokedClient = Type.Object({
  revoked: Type.Literal(true),
  client_id: Type.String({ format: "uuid" }),
}, { $id: "RevokedClient", examples: [{ revoked: true, client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e" }] });
