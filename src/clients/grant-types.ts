import { type AuthflowError, invalidRequest, unauthorizedClient } from "../shared/errors.js";
import { shellCommand } from "../shared/shell-command.js";
import { type Client, GRANT_TYPES, type GrantType } from "./client.js";

type Holder = Pick<Client, "authMethod" | "permissions" | "responseTypes">;

/** What the client lacks for this grant; undefined: nothing. */
export function lacking(type: string, { authMethod, permissions, responseTypes }: Holder): string | undefined {
  if (type === "client_credentials")
    return authMethod === "none" ? "authentication, which a public client has not" : undefined;
  if (type === "refresh_token" && permissions.includes("mint")) return undefined;
  if (type !== "authorization_code" && type !== "refresh_token") return undefined;
  if (!permissions.includes("login")) return "the permission login";
  return responseTypes.includes("code") ? undefined : "the response type code"; // RFC 7591 §2.1
}

/** The error for a client that may not use this grant. */
export function refusedGrant(client: Holder & Pick<Client, "id" | "grantTypes">, type: string): AuthflowError {
  const missing = lacking(type, client);
  return unauthorizedClient(missing !== undefined
    ? `This client lacks ${missing}: an operator can change it (PATCH /clients/${client.id})`
    : `This client may not use grant_type ${type}: an operator can add it to its grant_types ` +
      `(${shellCommand("authflow", "clients", "grant-types", client.id, ...client.grantTypes, type)})`);
}

/** The grants of a client whose registration does not name them: what its permissions allow. */
export const defaultGrantTypes = (client: Holder): GrantType[] => GRANT_TYPES.filter((type) =>
  lacking(type, client) === undefined && (type !== "client_credentials" || client.permissions.includes("mint")));

/** The grants in their usual order. Throws invalid_request if the client can't have one of them. */
export function checkGrantTypes(asked: readonly GrantType[], client: Holder): GrantType[] {
  for (const type of asked) {
    const missing = lacking(type, client);
    if (missing !== undefined) throw invalidRequest(`grant_types can't have ${type}: it needs ${missing}`);
  }
  return GRANT_TYPES.filter((type) => asked.includes(type));
}

/** The grants of a client that changed: those that it can't have any more go, those that it now has by default come. */
export function followingGrantTypes(before: Holder & Pick<Client, "grantTypes">, after: Holder): GrantType[] {
  const [former, usual] = [defaultGrantTypes(before), defaultGrantTypes(after)];
  return GRANT_TYPES.filter((type) => (before.grantTypes.includes(type)
    ? lacking(type, after) === undefined
    : usual.includes(type) && !former.includes(type)));
}
