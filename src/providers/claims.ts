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

/** An upstream's error code as the log may show it: RFC 6749 §5.2 allows no other characters, and no code is long. */
export const errorCode = (code: unknown): string =>
  text(code)?.slice(0, 100).replace(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "?") ?? "not named";

export function accessTokenFrom(answer: Record<string, unknown>): string {
  const token = text(answer.access_token);
  if (token !== null) return token;
  throw new UpstreamError("untrustworthy", `the token endpoint gave no token (error ${errorCode(answer.error)})`);
}
