import { accessDenied, invalidRequest, unauthorizedClient } from "../shared/errors.js";
import { shellCommand } from "../shared/shell-command.js";
import { type Client, type Permission, PERMISSIONS } from "./client.js";

/** A permission without its reach. */
export type Ability = "mint" | "login" | "introspect" | "feed" | "revoke" | "authenticate";

export const DEFAULT_PERMISSIONS: readonly Permission[] = ["mint", "login", "introspect:own", "revoke:own"];
/** All that a client without a secret can have: everything else needs its authentication. */
export const PUBLIC_PERMISSIONS: readonly Permission[] = ["login"];
/** Those that reach the tokens and users of other clients. */
const FAR_REACHING: readonly Permission[] = ["introspect:any", "feed", "revoke:any", "authenticate"];

/** Those with which a stolen secret does harm beyond the tokens of its client. */
export const OF_CONSEQUENCE: readonly Permission[] = ["mint", ...FAR_REACHING];

type Holder = Pick<Client, "id" | "permissions">;

/** The widest permission for this that the client has. Throws if it has none. */
export function requirePermission(client: Holder, ability: Ability): Permission {
  const [any, own] = [`${ability}:any`, `${ability}:own`];
  const held = (one: string): Permission | undefined => client.permissions.find((permission) => permission === one);
  const permission = held(ability) ?? held(any) ?? held(own);
  if (permission !== undefined) return permission;
  const wanted = PERMISSIONS.filter((one) => one === ability || one === any || one === own);
  const [lesser] = wanted;
  const after = PERMISSIONS.filter((one) => one === lesser || client.permissions.includes(one));
  const description = `This client lacks the permission ${wanted.join(" or ")}: an operator can grant it ` +
    `(${shellCommand("authflow", "clients", "permissions", client.id, ...after)})`;
  // RFC 6749 §4.1.2.1 and §5.2 define unauthorized_client, for OAuth's own endpoints.
  throw ability === "login" || ability === "introspect" ? unauthorizedClient(description) : accessDenied(description);
}

/**
 * The permissions in their usual order. Throws invalid_request if a client of this kind can't have them.
 */
export function checkPermissions(
  asked: readonly Permission[],
  { authMethod, redirectUris }: Pick<Client, "authMethod" | "redirectUris">,
): Permission[] {
  const impossible = asked.filter((one) => authMethod === "none" && !PUBLIC_PERMISSIONS.includes(one));
  if (impossible.length > 0) {
    throw invalidRequest(`A public client has no secret, so it can't have ${impossible.join(", ")}: ` +
      "its permissions must be [\"login\"]");
  }
  // The feed is a GET, which has no place for an assertion.
  if (authMethod === "private_key_jwt" && asked.includes("feed"))
    throw invalidRequest("A client with private_key_jwt can't have feed: register another one, with a secret");
  if (asked.includes("login") && redirectUris.length === 0)
    throw invalidRequest("redirect_uri is missing: only a client without the permission login needs none");
  return PERMISSIONS.filter((one) => asked.includes(one));
}

/** Throws access_denied if only an operator can grant one of the permissions. */
export function refuseFarReaching(asked: readonly Permission[]): void {
  const refused = asked.filter((one) => FAR_REACHING.includes(one));
  if (refused.length > 0) {
    throw accessDenied(`Only an operator can grant ${refused.join(", ")} here: ` +
      "register without, and ask an operator (PATCH /clients/{client_id}, or authflow clients permissions " +
      "<client_id> <all its permissions>)");
  }
}

/** What is left of permissions without those that are not used: of `any` that is `own`. */
export const withoutUnused = (permissions: readonly Permission[], unused: readonly Permission[]): Permission[] =>
  PERMISSIONS.filter((one) => (permissions.includes(one) && !unused.includes(one))
    || unused.some((any) => any.endsWith(":any") && any.replace(":any", ":own") === one));

/**
 * The permission by which the client may learn about a token (RFC 7662 §2.2); undefined if it may not. Throws if it may
 * not introspect at all.
 */
export function introspectionOf(
  client: Holder,
  { client_id: issuedTo, aud }: { client_id?: string; aud?: string | string[] },
): Permission | undefined {
  const permission = requirePermission(client, "introspect");
  if (issuedTo === client.id || [aud].flat().includes(client.id)) return "introspect:own";
  return permission === "introspect:any" ? permission : undefined;
}
