import { Type } from "@sinclair/typebox";
import { Timestamp } from "../common.js";

const ConsentResponse = Type.Object({
  client_id: Type.String(),
  client_name: Type.String(),
  logo_uri: Type.Optional(Type.String()),
  scope: Type.String({ description: "All that the user allowed: scopes with a space between them" }),
  resources: Type.Array(Type.Object({ resource: Type.String(), scope: Type.String() }), {
    description: "The services among it (RFC 8707), each with what the user allowed there",
  }),
  granted_at: Timestamp("When the user last allowed something"),
});

export const ConsentList = Type.Object({ consents: Type.Array(ConsentResponse) }, {
  $id: "ConsentList",
  examples: [{
    consents: [{
      client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", client_name: "Notes assistant",
      scope: "openid offline_access notes:read",
      resources: [{ resource: "https://mcp.example.com", scope: "openid offline_access notes:read" }],
      granted_at: "2026-11-24T01:20:00.000Z",
    }],
  }],
});
