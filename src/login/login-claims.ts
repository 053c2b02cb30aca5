import type { Identity } from "../providers/identity.js";
import { subjectOf } from "../providers/table.js";
import { UpstreamError } from "../providers/upstream.js";
import { characters, cleanName, isPrintable } from "../shared/text.js";
import type { IdentityClaims } from "../tokens/claims.js";

const MAX = { sub: 255, email: 320, name: 255, picture: 2048 };
const EMAIL = /^[^\s@]+@[^\s@]+$/;

/**
 * The claims of a login. Throws UpstreamError if the subject is too long or not printable, because two users must not
 * get the same subject. Any other claim that does not fit is left out.
 */
export function loginClaims(provider: string, identity: Identity): IdentityClaims {
  const sub = subjectOf(provider, identity.subject);
  if (!fits(sub, MAX.sub)) throw new UpstreamError("untrustworthy", "the user's id is too long or not printable");
  const { email, emailVerified, picture } = identity;
  const name = cleanName(identity.name ?? "");
  return {
    ...identity.claims,
    sub,
    provider,
    ...(email !== null && EMAIL.test(email) && fits(email, MAX.email) && { email, email_verified: emailVerified }),
    ...(name !== "" && fits(name, MAX.name) && { name }),
    ...(picture !== null && isPicture(picture) && { picture }),
  };
}

/** What a token says about the login itself, where the provider says it. */
export const authenticationClaims = ({ authTime, acr, amr }: Identity) => ({
  ...(authTime !== undefined && { auth_time: authTime }),
  ...(acr !== undefined && { acr }),
  ...(amr !== undefined && { amr }),
});

const fits = (text: string, most: number): boolean => isPrintable(text) && characters(text) <= most;
export const isPicture = (url: string): boolean =>
  fits(url, MAX.picture) && URL.canParse(url) && new URL(url).protocol === "https:";
