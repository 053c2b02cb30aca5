import { invalidScope, invalidTarget } from "../shared/errors.js";
import { isScopeValue } from "../shared/scope.js";
import { shellCommand } from "../shared/shell-command.js";
import { STANDARD_SCOPES } from "../shared/standard-scopes.js";
import type { Client, MintPolicy } from "./client.js";

/** What the deployment allows a client that has no list of its own: `audiences` only if it registered itself. */
export interface SelfRegistered { audiences: readonly string[]; scopes: readonly string[] }
/** Absent where no user stands behind a request: what strangers may ask users for, no client gets by itself. */
interface Deployment { selfRegistered?: SelfRegistered }

type Policed = Pick<Client, "id" | "policy" | "isSelfRegistered">;

/** RFC 3986 §4.3: the characters of a URI, without #. */
const ABSOLUTE_URI = /^[a-z][a-z0-9+.-]*:[!$-;=?-[\]_a-z~]+$/i;
const RESOURCES_MAX = 10;

/**
 * The scopes (RFC 6749 §3.3) that a client gets at the standard endpoints, each once; none if it asks for none. Those
 * of OpenID Connect are always allowed, others if they stand in the client's `scopes` (null: what the deployment allows
 * clients that registered themselves) and in the `audience_scopes` of at least one of `resources`. Throws invalid_scope
 * with the first one that is not.
 */
export function grantedScopes(
  client: Policed,
  asked: string | undefined,
  resources: readonly string[],
  deployment: Deployment,
): string[] {
  const { policy } = client;
  const scopes = [...new Set(asked?.split(" ").filter((one) => one !== ""))];
  const allowed = ownScopes(client, deployment);
  for (const scope of scopes) {
    if (!isScopeValue(scope))
      throw invalidScope("scope must be values of ASCII characters except \" and \\, with spaces between them");
    if (STANDARD_SCOPES.includes(scope)) continue;
    if (!allowed.includes(scope)) {
      throw invalidScope(`This client may not request the scope "${scope}", only ` +
        `${list([...STANDARD_SCOPES, ...allowed])}: ${remedy(client, { scopes: [...allowed, scope] }, deployment)}`);
    }
    const audiences = audiencesOf(policy, resources);
    const [limiting] = audiences;
    if (limiting !== undefined && !audiences.some((one) => allowsAt(policy, one, scope))) {
      const bounds = policy.audience_scopes ?? {};
      throw invalidScope(`The scope "${scope}" is not for ${list(audiences)}: name another resource, or ` +
        inPolicy(client, { audience_scopes: { ...bounds, [limiting]: [...bounds[limiting] ?? [], scope] } }));
    }
  }
  return scopes;
}

/** All that `grantedScopes` allows the client. */
export const usableScopes = (client: Policed, deployment: Deployment): string[] =>
  [...new Set([...STANDARD_SCOPES, ...ownScopes(client, deployment)])];

/** What a client that registered itself may ask its users for, a client that the operator knows may ask for too. */
const ownScopes = ({ policy }: Policed, { selfRegistered }: Deployment): readonly string[] =>
  policy.scopes ?? selfRegistered?.scopes ?? [];

/**
 * Of granted scopes those that a token for `resources` has (RFC 8707 §2.2): no audience gets a scope that the policy's
 * `audience_scopes` do not give it. Without resources, the audience is the policy's default.
 */
export const scopesAt = (policy: MintPolicy, scopes: readonly string[], resources: readonly string[]): string[] =>
  scopes.filter((scope) => excludedAt(policy, scope, audiencesOf(policy, resources)) === undefined);

/** The first of the audiences whose `audience_scopes` lack the scope. */
export const excludedAt = (policy: MintPolicy, scope: string, audiences: readonly string[]): string | undefined =>
  audiences.find((audience) => !allowsAt(policy, audience, scope));

/**
 * The audiences for the values of `resource` (RFC 8707 §2), each once. They stand in the client's `audiences` (null:
 * any, but for a client that registered itself only those that the deployment allows). A slash that is all of a path
 * makes no difference (RFC 3986 §6.2.3): the audience is the one in the list. Throws invalid_target.
 */
export function grantedResources(
  client: Policed,
  asked: readonly string[],
  deployment: Deployment,
): string[] {
  const { policy, isSelfRegistered } = client;
  if (asked.length > RESOURCES_MAX) throw invalidTarget(`resource may be sent ${RESOURCES_MAX} times at most`);
  const allowed = policy.audiences ?? (isSelfRegistered ? deployment.selfRegistered?.audiences ?? [] : undefined);
  const granted = asked.map((resource) => {
    if (resource.length > 255 || !ABSOLUTE_URI.test(resource) || !URL.canParse(resource)) {
      throw invalidTarget("resource must be an absolute URI without a fragment, of at most 255 characters, such as " +
        "https://api.example.com");
    }
    if (allowed === undefined) return resource;
    const audience = allowed.find((one) => withoutRoot(one) === withoutRoot(resource));
    if (audience !== undefined) return audience;
    throw invalidTarget(`This client may not request a token for "${resource}", only for ${list(allowed)}: ` +
      remedy(client, { audiences: [...allowed, resource] }, deployment));
  });
  return [...new Set(granted)];
}

const audiencesOf = ({ default_audience: others }: MintPolicy, resources: readonly string[]): readonly string[] =>
  (resources.length > 0 ? resources : others ?? []);

const allowsAt = ({ audience_scopes: bounds }: MintPolicy, audience: string, scope: string): boolean =>
  STANDARD_SCOPES.includes(scope) || bounds === null || !Object.hasOwn(bounds, audience)
    || (bounds[audience] as string[]).includes(scope);

/** `change`: what the policy has afterwards, because a list takes the other's place. */
const inPolicy = ({ id }: Policed, change: Partial<MintPolicy>): string => {
  const command = shellCommand("authflow", "clients", "policy", id, "--set", JSON.stringify(change));
  return `an operator can add it to the client's policy (${command})`;
};

/** Clients that register themselves come and go: what they need stands in a setting, if it is for all of them. */
function remedy(
  client: Policed,
  change: Pick<MintPolicy, "scopes"> | Pick<MintPolicy, "audiences">,
  { selfRegistered }: Deployment,
): string {
  const member = "scopes" in change ? "scopes" : "audiences";
  return client.isSelfRegistered && client.policy[member] === null && selfRegistered !== undefined
    ? `an operator can add it to AUTHFLOW_SELF_REGISTERED_${member.toUpperCase()}`
    : inPolicy(client, change);
}

const withoutRoot = (uri: string): string => uri.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?]+)\/$/i, "$1");

const list = (values: readonly string[]): string => (values.length === 0 ? "none" : values.join(", "));
