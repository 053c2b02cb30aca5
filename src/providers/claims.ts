import { withoutSecrets } from "../shared/text.js";
import { UpstreamError } from "./upstream.js";

/** The claim if it is a text that is not empty, else null. */
export const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** The provider's own id of the user as text, or null. Some providers use numbers, and elsewhere the same as text. */
export const idText = (id: unknown): string | null => (Number.isSafeInteger(id) ? String(id) : text(id));

export function subjectFrom(id: unknown): string {
  const subject = idText(id);
  if (subject === null) throw new UpstreamError("untrustworthy", "the profile names no user");
  return subject;
}

/** Some providers send booleans as text. */
export const isTrue = (value: unknown): boolean => value === true || value === "true";

/** What an upstream wrote, made safe for a quotation in the log: only the characters of RFC 6749 §5.2. */
export const quotable = (value: string, most: number): string =>
  value.slice(0, most).replace(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "?");

/** An upstream's error code, made safe for the log. */
export function errorCode(code: unknown): string {
  const named = text(code);
  return named === null ? "not named" : quotable(named, 100);
}

/**
 * The upstream's `error` and `error_description` (RFC 6749 §5.2), made safe for the log. A description that repeats one
 * of `secrets` is left out.
 */
export function refusal(error: unknown, description: unknown, secrets: readonly string[] = []): string {
  const explanation = text(description);
  const repeats = (secret: string): boolean =>
    secret !== "" && [secret, encodeURIComponent(secret)].some((form) => explanation?.includes(form));
  const isQuoted = explanation !== null && !secrets.some(repeats);
  return `error ${errorCode(error)}${isQuoted ? `: "${withoutSecrets(explanation.trim())}"` : ""}`;
}

export function accessTokenFrom(answer: Record<string, unknown>): string {
  const token = text(answer.access_token);
  if (token !== null) return token;
  throw new UpstreamError("untrustworthy",
    `the token endpoint returned no token (${refusal(answer.error, answer.error_description)})`);
}
