import { accessDenied, invalidTarget, unauthorizedClient } from "../shared/errors.js";
import type { MintPolicy } from "./client.js";

export interface PolicedRequest { sub: string; provider: string; audience: string[] | null; claimNames: string[] }

/**
 * Throws where the client's policy does not cover the token asked for. `loginProviders` are those whose logins get the
 * subject `<provider>|<id>`.
 */
export function enforceMintPolicy(
  policy: MintPolicy,
  { sub, provider, audience, claimNames }: PolicedRequest,
  loginProviders: readonly string[],
): void {
  if (policy.providers !== null && !policy.providers.includes(provider)) {
    throw accessDenied(`provider "${provider}" is not among those this client may name: ${list(policy.providers)}`);
  }
  enforceSubject(policy, sub, loginProviders);
  const foreign = audience?.find((one) => policy.audiences !== null && !policy.audiences.includes(one));
  if (foreign !== undefined)
    throw invalidTarget(
      `audience "${foreign}" is not among those this client may address: ${list(policy.audiences ?? [])}`,
    );
  const extra = claimNames.find((name) => policy.claim_names !== null && !policy.claim_names.includes(name));
  if (extra !== undefined)
    throw accessDenied(
      `claims.${extra} is not among the claims this client may set: ${list(policy.claim_names ?? [])}`,
    );
}

/** Throws where the subject is none of those for whom the client may mint; `loginProviders` as above. */
export function enforceSubject(policy: MintPolicy, sub: string, loginProviders: readonly string[]): void {
  const prefixes = policy.subject_prefixes?.filter((prefix) => sub.startsWith(prefix));
  if (prefixes?.length === 0) {
    throw accessDenied(`sub must begin with a prefix that this client may use: ${list(policy.subject_prefixes ?? [])}`);
  }
  const taken = loginProviders.find((name) => sub.startsWith(`${name}|`));
  // Only a prefix that names the provider opens its namespace: one that merely fits ("g") was meant for something else.
  if (taken !== undefined && !prefixes?.some((prefix) => prefix.startsWith(`${taken}|`))) {
    throw accessDenied(`sub must not begin with "${taken}|", which belongs to logins through ${taken}; ` +
      "an operator can allow it in the client's subject_prefixes");
  }
}

/** A client that may name certain providers only can't have users log in through others. */
export function enforceLoginPolicy({ providers }: MintPolicy, provider: string): void {
  if (providers?.includes(provider) === false) {
    throw unauthorizedClient(`This client may not use logins through ${provider}, only: ${list(providers)}`);
  }
}

const list = (values: string[]): string => (values.length === 0 ? "none" : values.join(", "));
