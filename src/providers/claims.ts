import { withoutSecrets } from "../shared/text.js";
import { UpstreamError } from "./upstream.js";

/** The claim if it is a text that is not empty, else null. */
export const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** The provider's own id of the user. Some providers, such as GitHub, use numbers. */
export function subjectFrom(id: unknown): string {
  const subject = Number.isSafeInteger(id) ? String(id) : text(id);
  if (subject === null) throw new UpstreamError("untrustworthy", "the profile names no user");
  return subject;
}

/** Some providers send booleans as text. */
export const isTrue = (value: unknown): boolean => value === true || value === "true";

/** An upstream's error code, made safe for the log: at most 100 characters, and only those of RFC 6749 §5.2. */
export const errorCode = (code: unknown): string =>
  text(code)?.slice(0, 100).replace(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, "?") ?? "not named";

/** The upstream's `error` and `error_description` (RFC 6749 §5.2), made safe for the log. */
export function refusal(error: unknown, description: unknown): string {
  const explanation = text(description);
  return `error ${errorCode(error)}${explanation === null ? "" : `: "${withoutSecrets(explanation)}"`}`;
}

export function accessTokenFrom(answer: Record<string, unknown>): string {
  const token = text(answer.access_token);
  if (token !== null) return token;
  throw new UpstreamError("untrustworthy", 
    `the token endpoint returned no token (${refusal(answer.error, answer.error_description)})`);
}
