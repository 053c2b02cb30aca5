import { Type } from "@sinclair/typebox";

export const UserInfoForm = Type.Object({
  access_token: Type.Optional(Type.String({ description: "The token, if it is not in the header Authorization" })),
});

export const UserInfo = Type.Object({
  sub: Type.String(),
  iss: Type.Optional(Type.String()),
  jti: Type.Optional(Type.String()),
  iat: Type.Optional(Type.Integer({ description: "NumericDate" })),
  exp: Type.Optional(Type.Integer({ description: "NumericDate" })),
  client_id: Type.Optional(Type.String({
    description: "In all of Authflow's tokens. Tokens that another service signed with an imported key may lack it",
  })),
  provider: Type.Optional(Type.String()),
}, {
  $id: "UserInfo",
  description: "The claims of a valid token",
  additionalProperties: true,
  examples: [{
    sub: "alice", iss: "authflow-go", jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718", iat: 1795485600, exp: 1795489200,
    client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", provider: "local", email: "alice@example.com", roles: ["editor"],
  }],
});
