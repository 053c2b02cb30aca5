import { Type } from "@sinclair/typebox";

export const LogoutBody = Type.Object({
  everywhere: Type.Optional(Type.Boolean({ description: "true ends every token of the bearer's subject" })),
}, { additionalProperties: false });

export const LogoutResponse = Type.Object({
  revoked: Type.Literal(true),
  everywhere: Type.Optional(Type.Boolean({ description: "Whether every token of the subject was revoked" })),
  jti: Type.String({ description: "The token's id; `revoked:<jti>` stands in Redis until it would have expired" }),
}, { $id: "LogoutResponse", examples: [{ revoked: true, jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718" }] });
