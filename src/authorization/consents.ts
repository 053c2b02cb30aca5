import type { Client } from "../clients/client.js";
import type { StandardRequest } from "../login/pending-login.js";
import { isLoopback } from "../shared/loopback.js";

/** The resource of a consent to a request that names none. */
const NO_RESOURCE = "";

/** What a user allowed a client at one resource (RFC 8707), or without one. `grantedAt` is epoch ms. */
export interface Consent { clientId: string; resource: string; scopes: string[]; grantedAt: number }

export interface ConsentStore {
  find(sub: string, clientId: string): Promise<Consent[]>;
  /** In no order. */
  ofSubject(sub: string): Promise<Consent[]>;
  /** Replaces what the user allowed this client before, at this resource. */
  save(sub: string, consent: Consent): Promise<void>;
  /** False if there was none. */
  delete(sub: string, clientId: string): Promise<boolean>;
}

type Wanted = Pick<StandardRequest, "scopes" | "resources">;
const resourcesOf = ({ resources }: Wanted): readonly string[] => (resources.length > 0 ? resources : [NO_RESOURCE]);

/**
 * Whether the user has to be asked: the same scope at another service is another permission. Operators vouch for the
 * clients that they registered; anybody may have registered another one.
 */
export const needsConsent = (
  client: Client,
  request: Wanted & Pick<StandardRequest, "prompts">,
  given: readonly Consent[],
): boolean => {
  const lacks = (resource: string): boolean => {
    const here = given.find((one) => one.resource === resource);
    return here === undefined || request.scopes.some((scope) => !here.scopes.includes(scope));
  };
  return client.isSelfRegistered && (request.prompts.includes("consent") || resourcesOf(request).some(lacks));
};

/** What the user has allowed who allows a request too, at each of its resources. */
export const allow = (clientId: string, request: Wanted, given: readonly Consent[], grantedAt: number): Consent[] =>
  resourcesOf(request).map((resource) => {
    const before = given.find((one) => one.resource === resource)?.scopes ?? [];
    return { clientId, resource, scopes: [...new Set([...before, ...request.scopes])], grantedAt };
  });

/** All that a user allowed a client. `at`: the services among it; `grantedAt`: when the user last allowed something. */
export interface ConsentToClient extends Omit<Consent, "resource"> { at: Pick<Consent, "resource" | "scopes">[] }

/** One for each client: the oldest first. */
export function byClient(given: readonly Consent[]): ConsentToClient[] {
  const clients = new Map<string, ConsentToClient>();
  for (const { clientId, resource, scopes, grantedAt } of given.toSorted((a, b) => a.grantedAt - b.grantedAt)) {
    const before = clients.get(clientId);
    clients.delete(clientId); // its place is that of the newest
    clients.set(clientId, {
      clientId, grantedAt, scopes: [...new Set([...before?.scopes ?? [], ...scopes])],
      at: [...before?.at ?? [], ...(resource === NO_RESOURCE ? [] : [{ resource, scopes }])],
    });
  }
  const byName = (a: { resource: string }, b: { resource: string }): number => (a.resource < b.resource ? -1 : 1);
  return [...clients.values()].map((one) => ({ ...one, at: one.at.toSorted(byName) }));
}

/** What a scope allows, in words for the user. */
export function describeScope(scope: string): string {
  const known: Record<string, string> = {
    openid: "know which account is yours",
    profile: "see your name and picture",
    email: "see your email address",
    address: "see your postal address",
    phone: "see your telephone number",
    offline_access: "stay connected while you are away",
  };
  return known[scope] ?? `use the permission “${scope}”`;
}

/** Where a redirect URI leads, in words for the user: a host, or what runs on the user's device (RFC 8252 §7). */
export function describeDestination(redirectUri: string): string {
  const { host, hostname, protocol } = new URL(redirectUri);
  if (!/^https?:$/.test(protocol)) return `an app on this device (${protocol.slice(0, -1)})`;
  return isLoopback(hostname) ? `a program on this device (${host})` : host;
}
