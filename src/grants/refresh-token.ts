import { Type } from "@sinclair/typebox";
import { defineGrant, type Grant, type GrantDependencies, resourceParameter, scopeParameter } from "./grant.js";

/** RFC 6749 §6 */
export const refreshToken = ({ refreshTokens }: GrantDependencies): Grant => defineGrant({
  type: "refresh_token",
  clientAuthentication: "optional",
  parameters: Type.Object({
    refresh_token: Type.String({
      minLength: 1, maxLength: 8192, description: "The newest refresh token; each answer has the next one",
    }),
    scope: scopeParameter("A part of the granted scope; without it, all of it"),
    resource: resourceParameter("Some of the granted audiences (RFC 8707); without it, all of them"),
  }),
  example: { refresh_token: "authflow_refresh_AZqOXH8A…" },
  exchange: (client, { refresh_token: token, scope, resource: resources }) =>
    refreshTokens.exchange(client, token, { scope, resources }),
});
