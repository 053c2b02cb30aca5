import { UpstreamError } from "./upstream.js";

/** A claim that is a text; null where the provider left it out or sent something else. */
export const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** The provider's own id of the user. GitHub and others number their users. */
export function subjectFrom(id: unknown): string {
  const subject = Number.isSafeInteger(id) ? String(id) : text(id);
  if (subject === null) throw new UpstreamError("untrustworthy", "the profile names no user");
  return subject;
}

/** Providers send the boolean, and some its text. */
export const isTrue = (value: unknown): boolean => value === true || value === "true";

export function accessTokenFrom(answer: Record<string, unknown>): string {
  const token = text(answer.access_token);
  if (token === null) {
    throw new UpstreamError("untrustworthy", `the token endpoint gave no access token (error ${String(text(answer.error))})`);
  }
  return token;
}
