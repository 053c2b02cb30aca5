import { Type } from "@sinclair/typebox";
import { MintBody } from "../tokens/mint.js";

export const RevocationBody = Type.Object({
  client_id: MintBody.properties.client_id,
  client_secret: MintBody.properties.client_secret,
  sub: MintBody.properties.sub,
}, { $id: "RevocationRequest", additionalProperties: false, examples: [{ sub: "alice" }] });

export const RevokedSubject = Type.Object({
  revoked: Type.Literal(true),
  sub: Type.String(),
}, { $id: "RevokedSubject", examples: [{ revoked: true, sub: "alice" }] });
