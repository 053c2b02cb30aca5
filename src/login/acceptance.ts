import type { Client } from "../clients/client.js";
import type { Identity } from "../providers/identity.js";
import { isRecent } from "../providers/login-hints.js";
import { LOCAL } from "../providers/local.js";
import { AuthflowError, invalidRequest } from "../shared/errors.js";
import { isPrintable } from "../shared/text.js";
import { type MintRequest, requestedClaims } from "../tokens/claims.js";
import { isPicture } from "./login-claims.js";
import type { LoginAnswer } from "./login-challenge.js";

/** Who logged in at the platform's login page: what POST /mint takes about a user. `auth_time`: by default, now. */
export interface Acceptance
  extends Pick<MintRequest, "sub" | "email" | "name" | "claims" | "acr" | "amr" | "auth_time"> {
  email_verified?: boolean;
  picture?: string;
}

const FIELDS: readonly (keyof Acceptance)[] = [
  "sub", "email", "email_verified", "name", "picture", "acr", "amr", "auth_time",
];

/** The reasons for which nobody logged in (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6), and what they mean. */
export const REJECTIONS = {
  access_denied: "The login was cancelled or refused",
  login_required: "The user is not logged in, and no page may be shown",
  interaction_required: "The user has to do something first, and no page may be shown",
  account_selection_required: "The user has to choose an account, and no page may be shown",
  consent_required: "The user has to agree first, and no page may be shown",
  unmet_authentication_requirements: "The user can't log in in the way that was asked for",
  temporarily_unavailable: "Logins are not possible right now: try again",
} as const;
export interface Rejection { error: keyof typeof REJECTIONS; error_description?: string }

/** Bytes of JSON: a token with more is too long. */
const IDENTITY_MAX = 5000;

interface Circumstances {
  /** Providers whose subjects are reserved for logins through them. */
  loginProviders: readonly string[];
  /** Epoch milliseconds. */
  now: number;
  /** The user must have logged in after this instant; undefined: at any time. */
  oldest: number | undefined;
}

/**
 * The user, checked as POST /mint does. Throws its errors, and login_required if the user must log in again because
 * prompt or max_age ask for it.
 */
export function userOf(client: Client, acceptance: Acceptance, { loginProviders, now, oldest }: Circumstances) {
  const { email_verified: emailVerified, picture, ...request } = acceptance;
  requestedClaims(client, { ...request, provider: LOCAL }, loginProviders, now, FIELDS);
  const { sub: subject, email, name, claims, acr, amr, auth_time: authTime = Math.floor(now / 1000) } = request;
  if (emailVerified !== undefined && email === undefined) throw invalidRequest("email_verified needs an email");
  if (picture !== undefined && !isPicture(picture)) throw invalidRequest("picture must be an https URL");
  if (oldest !== undefined && !isRecent(authTime, oldest)) {
    throw new AuthflowError(400, "login_required", "auth_time is before what the application asks for by prompt or " +
      `max_age (${new Date(oldest).toISOString()}): ask the user to log in again, then accept with the new auth_time`);
  }
  const identity: Identity = {
    subject, email: email ?? null, emailVerified: emailVerified === true, name: name ?? null, picture: picture ?? null,
    ...(claims && { claims }), authTime, ...(acr !== undefined && { acr }), ...(amr !== undefined && { amr }),
  };
  if (Buffer.byteLength(JSON.stringify(identity)) > IDENTITY_MAX)
    throw invalidRequest(`The user's data must have at most ${IDENTITY_MAX} bytes, as a token with more is too long: ` +
      "shorten claims");
  return identity;
}

export function rejectionOf({ error, error_description: description }: Rejection): LoginAnswer {
  if (description !== undefined && !isPrintable(description))
    throw invalidRequest("error_description must not hold control characters or bidirectional overrides");
  return { error, description: description ?? REJECTIONS[error] };
}
