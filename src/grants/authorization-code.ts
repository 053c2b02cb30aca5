import { Type } from "@sinclair/typebox";
import { requirePermission } from "../clients/permissions.js";
import { defineGrant, type Grant, type GrantDependencies, resourceParameter } from "./grant.js";

const text = (description: string) => Type.String({ minLength: 1, maxLength: 2048, description });

/** RFC 6749 §4.1.3, RFC 7636 §4.5 */
export const authorizationCode = ({ codes }: GrantDependencies): Grant => defineGrant({
  type: "authorization_code",
  clientAuthentication: "optional",
  parameters: Type.Object({
    code: text("The code from the redirect; valid once, within 60 seconds"),
    redirect_uri: text("The same as in the login's request, at /authorize or /auth"),
    code_verifier: Type.Optional(Type.String({
      pattern: "^[A-Za-z0-9._~-]{43,128}$", // RFC 7636 §4.1
      description: "Required if the authorization request had a code_challenge (RFC 7636 §4.5): 43 to 128 of the " +
        "characters A-Z a-z 0-9 - . _ ~",
    })),
    resource: resourceParameter("Some of the audiences of a request at /authorize (RFC 8707); without it, all of them"),
  }),
  example: {
    code: "rA4Xb…", redirect_uri: "https://my-app.com/callback",
    code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  },
  allows: ({ responseTypes }) => responseTypes.includes("code"),
  exchange: async (client, { code, redirect_uri: redirectUri, code_verifier: codeVerifier, resource }) => {
    requirePermission(client, "login");
    return codes.exchange(client, { code, redirectUri, codeVerifier, resources: resource });
  },
});
