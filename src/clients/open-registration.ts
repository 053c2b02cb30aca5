import { invalidRequest } from "../shared/errors.js";
import type { GrantType, Permission, ResponseType } from "./client.js";

/** What a client gets that anybody registered on a public URL. */
export const STRANGER_PERMISSIONS: readonly Permission[] = ["login"];

/** For operators. */
export const OPEN_TO_ALL = "Registration is open to everybody (AUTHFLOW_REGISTRATION): such clients may log in users " +
  "who allow it, with AUTHFLOW_SELF_REGISTERED_SCOPES and AUTHFLOW_SELF_REGISTERED_AUDIENCES, and nothing else";

/** Milliseconds until such a client is deleted, unless a user of it logs in before. */
export const UNUSED_LIFETIME = 86_400_000;

/** So many of them may wait for their first login at once. */
export const UNUSED_MAX = 10_000;

interface Asked {
  permissions?: Permission[] | undefined;
  grantTypes?: GrantType[] | undefined;
  responseTypes?: ResponseType[] | undefined;
  jwksUri?: string | undefined;
}

/** Throws invalid_request if a stranger asks for more than logins by code, or for something to fetch. */
export function refuseToStrangers({ permissions, grantTypes, responseTypes, jwksUri }: Asked): void {
  const refuse = (member: string, allowed: string): never => {
    throw invalidRequest(`${member} must be ${allowed} without a token, because anybody may register here: ` +
      "change it, or ask the operator for a client");
  };
  if (permissions?.some((one) => !STRANGER_PERMISSIONS.includes(one)) === true) refuse("permissions", "[\"login\"]");
  if (grantTypes?.includes("client_credentials") === true)
    refuse("grant_types", "authorization_code and refresh_token");
  if (responseTypes?.includes("token") === true) refuse("response_types", "[\"code\"]");
  if (jwksUri !== undefined) refuse("jwks_uri", "absent (jwks has the keys themselves)");
}
