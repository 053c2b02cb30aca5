import { Type } from "@sinclair/typebox";

export const LogoutBody = Type.Object({
  everywhere: Type.Optional(Type.Boolean({ description: "true revokes every token of the token's subject" })),
  session: Type.Optional(Type.Boolean({
    description: "true revokes every token of the token's session (`sid`), of whichever client",
  })),
}, { additionalProperties: false, examples: [{}, { everywhere: true }, { session: true }] });

export const LogoutResponse = Type.Object({
  revoked: Type.Literal(true),
  everywhere: Type.Optional(Type.Boolean({ description: "true if every token of the subject was revoked" })),
  session: Type.Optional(Type.Boolean({ description: "true if every token of the session was revoked" })),
  jti: Type.String({ description: "The token's id. If Redis is used, it has the key `revoked:<jti>` until `exp`" }),
}, { $id: "LogoutResponse", examples: [{ revoked: true, jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718" }] });
