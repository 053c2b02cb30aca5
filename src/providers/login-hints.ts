import { accessDenied, invalidRequest } from "../shared/errors.js";
import { isPrintable } from "../shared/text.js";
import { text } from "./claims.js";
import type { ProviderMetadata } from "./discovery.js";
import { PROVIDER_CLOCK_SKEW, UpstreamError } from "./upstream.js";

/** Parameters that an application may pass on to the provider (OpenID Connect Core §3.1.2.1; Google, Microsoft). */
export const HINT_NAMES =
  ["prompt", "login_hint", "max_age", "ui_locales", "acr_values", "hd", "domain_hint"] as const;
export type LoginHints = Partial<Record<(typeof HINT_NAMES)[number], string | undefined>>;


/** The hints in a query. An empty one counts as absent (RFC 6749 §3.1). Throws invalid_request. */
export function loginHints(query: LoginHints): LoginHints {
  const given = HINT_NAMES.flatMap((name) => (query[name] ? [[name, query[name]] as const] : []));
  const hints: LoginHints = Object.fromEntries(given);
  const unprintable = given.find(([, value]) => !isPrintable(value));
  if (unprintable !== undefined) throw invalidRequest(`${unprintable[0]} must be printable characters`);
  if (hints.max_age !== undefined && !/^\d{1,9}$/.test(hints.max_age))
    throw invalidRequest("max_age must be a whole number of seconds");
  const prompts = promptsOf(hints);
  if (prompts.includes("none") && prompts.length > 1) throw invalidRequest("prompt none must stand alone");
  return hints;
}

/**
 * What to send to an OpenID provider: with max_age it has to say when the user logged in (OpenID Connect Core §2), so
 * that prompt=login can be checked.
 */
export const withMaxAge = (hints: LoginHints): LoginHints =>
  (promptsOf(hints).includes("login") ? { max_age: "0", ...hints } : hints);

/**
 * A provider that offers no choice of accounts, as its metadata say (Initiating User Registration §4), is asked for a
 * login: there the user can take another account. Otherwise it would answer with the same one.
 */
export function withSelection(hints: LoginHints, { prompt_values_supported: known }: ProviderMetadata): LoginHints {
  const prompts = promptsOf(hints);
  if (known === undefined || known.includes("select_account") || !known.includes("login")) return hints;
  if (!prompts.includes("select_account")) return hints;
  const others = prompts.filter((one) => one !== "select_account" && one !== "login");
  return { ...hints, prompt: ["login", ...others].join(" ") };
}

/**
 * Checks that the ID token keeps what the hints ask for; `startedAt` is when the login began, in epoch milliseconds. A
 * provider or a user could ignore them. Throws access_denied or UpstreamError.
 */
export function checkHints(hints: LoginHints, claims: Record<string, unknown>, startedAt: number, label: string): void {
  const { hd } = hints;
  const domain = text(claims.hd)?.toLowerCase();
  if (hd !== undefined && (hd === "*" ? domain === undefined : domain !== hd.toLowerCase()))
    throw accessDenied(`This account at ${label} does not belong to the organisation that the application asked for`);
  const oldest = oldestLogin(hints, startedAt);
  if (oldest === undefined) return;
  if (claims.auth_time === undefined)
    throw new UpstreamError("untrustworthy", "id_token: auth_time is missing, which max_age and prompt=login ask for");
  if (!isRecent(Number(claims.auth_time), oldest))
    throw new UpstreamError("untrustworthy", "id_token: auth_time is before what max_age or prompt=login asks for");
}

/** A provider without ID tokens can't prove what these hints ask for. Throws invalid_request. */
export function refuseUncheckable(hints: LoginHints, label: string): void {
  const name = hints.max_age !== undefined ? "max_age" : promptsOf(hints).includes("login") ? "prompt=login"
    : hints.hd !== undefined ? "hd" : undefined;
  if (name !== undefined) throw invalidRequest(`${name} can't be used: ${label} does not prove it`);
}

/** Whether the user logged in (seconds) after `oldest` (milliseconds), as far as clocks agree. */
export const isRecent = (authTime: number, oldest: number): boolean =>
  authTime * 1000 >= oldest - PROVIDER_CLOCK_SKEW * 1000;

/** The user must have logged in after this instant, in epoch milliseconds; undefined: at any time. */
export function oldestLogin(hints: LoginHints, startedAt: number): number | undefined {
  if (promptsOf(hints).includes("login")) return startedAt;
  return hints.max_age === undefined ? undefined : startedAt - Number(hints.max_age) * 1000;
}

/** The values of prompt. */
export const promptsOf = ({ prompt = "" }: LoginHints): string[] => prompt.split(" ").filter((value) => value !== "");
