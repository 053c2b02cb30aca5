import type { Client } from "../clients/client.js";
import { isLoopback } from "../shared/loopback.js";

/** What a user allowed a client. `grantedAt` is epoch ms. */
export interface Consent { clientId: string; scopes: string[]; grantedAt: number }

export interface ConsentStore {
  find(sub: string, clientId: string): Promise<Consent | null>;
  ofSubject(sub: string): Promise<Consent[]>;
  /** Replaces what the user allowed this client before. */
  save(sub: string, consent: Consent): Promise<void>;
  /** False if there was none. */
  delete(sub: string, clientId: string): Promise<boolean>;
}

/**
 * Whether the user has to be asked. Operators vouch for the clients that they registered; anybody may have registered
 * another one.
 */
export const needsConsent = (
  client: Client,
  scopes: readonly string[],
  given: Consent | null,
  prompts: readonly string[],
): boolean => client.isSelfRegistered
  && (prompts.includes("consent") || given === null || scopes.some((scope) => !given.scopes.includes(scope)));

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
