import type { Client } from "../clients/client.js";
import { enforceLoginPolicy } from "../clients/mint-policy.js";
import { grantedResources, type SelfRegistered, usableScopes } from "../clients/scope-policy.js";
import { invalidScope, invalidTarget } from "../shared/errors.js";
import type { Authorized, Part } from "../tokens/authorized.js";
import type { MintRequest } from "../tokens/claims.js";

/** What a client asks for when it exchanges a code or a refresh token: all, or a part (RFC 6749 §6, RFC 8707 §2.2). */
export interface RequestedPart {
  /** Values with a space between them. */
  scope?: string | undefined;
  resources?: string[] | undefined;
}

/**
 * The part of an authorization that the client asks for, as a new request would get it now: the client's policy and the
 * deployment's settings may have become stricter. Scopes that are no longer allowed are left out. Throws invalid_scope
 * or invalid_target if the client asks for more than the user authorized, or if it may not use an audience any more.
 */
export function authorizedPart(
  client: Client,
  authorized: Authorized,
  asked: RequestedPart,
  deployment: { selfRegistered: SelfRegistered },
): Part {
  const { policy } = client;
  enforceLoginPolicy(policy, authorized.claims.provider);
  const allowed = usableScopes(client, deployment);
  const scopes = scopesWithin(authorized.scopes, asked.scope).filter((one) => allowed.includes(one));
  const isNamed = authorized.resources.length > 0;
  const granted = isNamed ? authorized.resources : policy.default_audience ?? [];
  const resources = asked.resources === undefined ? authorized.resources : audiencesWithin(granted, asked.resources);
  // The default audience is of today's policy anyway.
  return { scopes, resources: isNamed ? grantedResources(client, resources, deployment) : resources };
}

/** The same of a request of POST /mint, whose policy is enforced when it is minted. */
export function mintPart({ policy }: Client, request: MintRequest, asked: RequestedPart): MintRequest {
  const granted = [request.audience ?? policy.default_audience ?? []].flat();
  return {
    ...request,
    ...(asked.scope !== undefined && { scope: scopesWithin(request.scope?.split(" ") ?? [], asked.scope).join(" ") }),
    ...(asked.resources !== undefined && { audience: audiencesWithin(granted, asked.resources) }),
  };
}

function scopesWithin(granted: string[], asked: string | undefined): string[] {
  const wanted = asked?.split(" ");
  const more = wanted?.find((one) => !granted.includes(one));
  if (more !== undefined) {
    throw invalidScope(`scope "${more}" was not granted with this login: ask for ${
      granted.length === 0 ? "none" : `some of ${granted.join(" ")}`}, or start the login again with it`);
  }
  return wanted === undefined ? granted : granted.filter((one) => wanted.includes(one));
}

function audiencesWithin(granted: string[], asked: string[]): string[] {
  const more = asked.find((one) => !granted.includes(one));
  if (more !== undefined) {
    throw invalidTarget(`resource "${more}" was not granted with this login: ask for ${
      granted.length === 0 ? "none" : `some of ${granted.join(", ")}`}, or start the login again with it`);
  }
  return asked;
}
