import { reservedClaim } from "../shared/claim-names.js";
import { accessDenied, invalidScope, invalidTarget, unauthorizedClient } from "../shared/errors.js";
import { folded } from "../shared/text.js";
import type { MintPolicy } from "./client.js";
import { excludedAt } from "./scope-policy.js";

/** The parts of a mint request that a policy can limit. */
export interface PolicedRequest {
  sub: string;
  provider: string;
  audience: string[] | null;
  /** The values of `scope`. */
  scopes?: string[];
  /** Additional claims, and those about the login. */
  claimNames: string[];
}

/**
 * Throws access_denied, invalid_target or invalid_scope if the client's policy does not allow the requested token.
 * `loginProviders` are the providers whose logins get the subject `<provider>|<id>`.
 */
export function enforceMintPolicy(
  policy: MintPolicy,
  { sub, provider, audience, scopes = [], claimNames }: PolicedRequest,
  loginProviders: readonly string[],
): void {
  if (policy.providers !== null && !policy.providers.includes(provider)) {
    throw accessDenied(`provider "${provider}" is not among those this client may use: ${list(policy.providers)}`);
  }
  enforceSubject(policy, sub, loginProviders);
  const foreign = audience?.find((one) => policy.audiences !== null && !policy.audiences.includes(one));
  if (foreign !== undefined)
    throw invalidTarget(
      `audience "${foreign}" is not among those this client may use: ${list(policy.audiences ?? [])}`,
    );
  const excess = scopes.find((one) => policy.scopes !== null && !policy.scopes.includes(one));
  if (excess !== undefined)
    throw invalidScope(`scope "${excess}" is not among those this client may use: ${list(policy.scopes ?? [])}`);
  for (const scope of scopes) {
    const limiting = excludedAt(policy, scope, audience ?? policy.default_audience ?? []);
    if (limiting !== undefined) {
      throw invalidScope(`scope "${scope}" is not among those for the audience "${limiting}": ` +
        list(policy.audience_scopes?.[limiting] ?? []));
    }
  }
  const extra = claimNames.find((name) => policy.claim_names !== null && !policy.claim_names.includes(name));
  if (extra !== undefined)
    throw accessDenied(
      `${reservedClaim(extra) === undefined ? "claims." : ""}${extra} is not among the claims this client may set: ` +
        list(policy.claim_names ?? []),
    );
}

/**
 * Throws access_denied if the client may not mint for the subject; `loginProviders` as above. A service may compare
 * subjects without regard to case or invisible characters: `Google|1` is in the namespace of google too.
 */
export function enforceSubject(policy: MintPolicy, sub: string, loginProviders: readonly string[]): void {
  const prefixes = policy.subject_prefixes?.filter((prefix) => sub.startsWith(prefix));
  if (prefixes?.length === 0) {
    throw accessDenied(`sub must begin with a prefix that this client may use: ${list(policy.subject_prefixes ?? [])}`);
  }
  const foldedSub = folded(sub);
  const taken = loginProviders.find((name) => foldedSub.startsWith(`${name}|`));
  // Only a prefix that contains "<provider>|" allows that provider's subjects. A shorter one, such as "g", does not.
  if (taken !== undefined && !prefixes?.some((prefix) => folded(prefix).startsWith(`${taken}|`))) {
    throw accessDenied(`sub must not begin with "${taken}|", which is reserved for logins through ${taken}; ` +
      "an operator can allow it in the client's subject_prefixes");
  }
}

/** Whether the client's users may log in through a provider. */
export const allowsProvider = ({ providers }: Pick<MintPolicy, "providers">, provider: string): boolean =>
  providers?.includes(provider) ?? true;

/** Throws unauthorized_client if the policy's `providers` do not include this one: they limit logins too. */
export function enforceLoginPolicy(policy: MintPolicy, provider: string): void {
  if (!allowsProvider(policy, provider)) {
    throw unauthorizedClient(
      `This client may not use logins through ${provider}, only: ${list(policy.providers ?? [])}`);
  }
}

const list = (values: string[]): string => (values.length === 0 ? "none" : values.join(", "));
