import { Type } from "@sinclair/typebox";
import { ClientCredentialsForm } from "./token.js";

export const RevokeForm = Type.Object({
  token: Type.String({ description: "An access token or a refresh token" }),
  token_type_hint: Type.Optional(Type.String({ description: "Ignored: a token shows what it is" })),
  ...ClientCredentialsForm,
}, {
  $id: "RevokeRequest",
  examples: [{ token: "authflow_refresh_AZqOXH8A…", client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e" }],
});
