import { Type } from "@sinclair/typebox";
import { grantedResources, grantedScopes } from "../clients/scope-policy.js";
import { defineGrant, type Grant, type GrantDependencies, resourceParameter, scopeParameter } from "./grant.js";

/** Scopes that are about a user (OpenID Connect Core §3.1.2.1 and §11): a client has none. They are ignored. */
const OF_USERS = new Set(["openid", "offline_access"]);

/** RFC 6749 §4.4: a token of the client's own, for services. Its subject is the client (RFC 9068 §2.2). */
export const clientCredentials = ({ tokens }: GrantDependencies): Grant => defineGrant({
  type: "client_credentials",
  clientAuthentication: "required",
  parameters: Type.Object({
    scope: scopeParameter("What the token is to allow, of what the client may request (RFC 6749 §3.3); without it, " +
      "the token has no scope"),
    resource: resourceParameter("The services that the token is for (RFC 8707): absolute URIs; may be repeated"),
  }),
  example: { scope: "orders:read", resource: ["https://api.example.com"] },
  exchange: async (client, { scope, resource = [] }) => {
    const resources = grantedResources(client, resource, {});
    const scopes = grantedScopes(client, scope, resources, {}).filter((one) => !OF_USERS.has(one));
    const claims = await tokens.claimsOfClient(client, { scopes, resources });
    return { ...await tokens.sign(claims, client), ...(claims.scope !== undefined && { scope: claims.scope }) };
  },
});
