import { Type } from "@sinclair/typebox";
import { MintBody } from "../tokens/mint.js";
import { ClientAssertion } from "../tokens/token.js";

const Sub = MintBody.properties.sub;
const Sid = Type.String({ minLength: 1, maxLength: 255, description: "The id of a session, 1 to 255 characters" });
const Jti = Type.String({ minLength: 1, maxLength: 255, description: "A token's id, 1 to 255 characters" });

export const RevocationBody = Type.Object({
  client_id: Type.Optional(Type.String({
    format: "uuid", description: "A UUID: the client that calls; for an operator the client whose tokens are revoked",
  })),
  client_secret: MintBody.properties.client_secret,
  ...ClientAssertion,
  sub: Type.Optional(Sub),
  sid: Type.Optional(Sid),
  jti: Type.Optional(Jti),
  token: Type.Optional(Type.String({
    minLength: 1, maxLength: 16_384, description: "A token, 1 to 16384 characters; for operators",
  })),
}, { $id: "RevocationRequest", additionalProperties: false, examples: [{ sub: "alice" }] });

export const Revoked = Type.Object({
  revoked: Type.Literal(true),
  sub: Type.Optional(Type.String({ description: "Its tokens are revoked" })),
  sid: Type.Optional(Type.String({ description: "The tokens of this session are revoked" })),
  client_id: Type.Optional(Type.String({ description: "Only tokens that were issued to this client are revoked" })),
  jti: Type.Optional(Type.String({ description: "This token is revoked" })),
}, { $id: "Revoked", examples: [{ revoked: true, sub: "alice" }] });
