/** A way on for a person: an address, or a form that a button posts there. `quiet`: the lesser way. */
export type Link = { text: string; quiet?: true }
  & ({ href: string } | { action: string; fields: Record<string, string> });

/**
 * Every error that the service returns. `code` is the `error` of RFC 6749 §5.2, RFC 6750 §3.1 or RFC 8707 §2 where one
 * fits; `message` becomes `error_description` and is safe to show; `cause` is for the log only.
 */
export class AuthflowError extends Error {
  override readonly name = "AuthflowError";
  constructor(
    readonly status: number,
    readonly code: string,
    description: string,
    readonly extra: {
      cause?: unknown;
      challenge?: "Basic" | "Bearer";
      /** What the log says in place of the message. */
      detail?: string;
      /** Seconds. */
      retryAfter?: number;
      /** What a person can do about it, for a page. */
      links?: Link[];
      /** Where the caller can send the browser. */
      redirectTo?: string;
      /** It stays until an operator acts: to try again does not help. */
      isLasting?: true;
    } = {},
  ) {
    super(description, { cause: extra.cause });
  }
}

/** Seconds after which a caller may try again after a temporary failure. */
const RETRY_AFTER = 2;
const RETRY_AFTER_REPAIR = 30;

export const invalidRequest = (description: string, cause?: unknown): AuthflowError =>
  new AuthflowError(400, "invalid_request", description, { cause });

export const invalidRedirectUri = (description: string): AuthflowError =>
  new AuthflowError(400, "invalid_redirect_uri", description); // RFC 7591 §3.2.2

/** RFC 6749 §5.2 */
export const invalidGrant = (description: string): AuthflowError =>
  new AuthflowError(400, "invalid_grant", description);

/** RFC 6749 §4.1.2.1 and §5.2 */
export const unauthorizedClient = (description: string): AuthflowError =>
  new AuthflowError(400, "unauthorized_client", description);

/** A login that can no longer be finished. */
export const loginOver = (description: string, links: Link[] = []): AuthflowError =>
  new AuthflowError(410, "invalid_request", description, { links });

export const invalidTarget = (description: string): AuthflowError =>
  new AuthflowError(400, "invalid_target", description); // RFC 8707 §2

export const invalidScope = (description: string): AuthflowError =>
  new AuthflowError(400, "invalid_scope", description); // RFC 6749 §5.2

/** The same error for an unknown client and a wrong secret. Only the right secret reveals that a client is disabled. */
export const invalidClient = (check = "check client_id and client_secret"): AuthflowError =>
  new AuthflowError(401, "invalid_client", `Client authentication failed: ${check}`, { challenge: "Basic" });

/** RFC 7521 §4.2.1. One answer for everything; `detail`: what is wrong. */
export const invalidAssertion = (detail: string): AuthflowError =>
  new AuthflowError(401, "invalid_client",
    "Client authentication failed: check the assertion's signature, iss, sub, aud, exp and jti",
    { challenge: "Basic", detail });

/** A request without client credentials, or with another kind of them. */
export const unauthenticated = (
  description = "Authenticate by HTTP Basic with client_id and client_secret",
): AuthflowError => new AuthflowError(401, "invalid_client", description, { challenge: "Basic" });

export const invalidToken = (description: string, cause?: unknown): AuthflowError =>
  new AuthflowError(401, "invalid_token", description, { cause, challenge: "Bearer" });

/** RFC 6750 §3.1: a request without any credentials gets a challenge, not an error about a token. */
export const missingToken = (description: string): AuthflowError =>
  new AuthflowError(401, "invalid_request", description, { challenge: "Bearer" });

export const accessDenied = (description: string): AuthflowError =>
  new AuthflowError(403, "access_denied", description);

export const notFound = (description: string): AuthflowError => new AuthflowError(404, "not_found", description);

export const methodNotAllowed = (description: string): AuthflowError =>
  new AuthflowError(405, "method_not_allowed", description);

export const tooManyRequests = (retryAfter: number): AuthflowError =>
  new AuthflowError(429, "too_many_requests", `Too many requests: try again in ${retryAfter} s`, { retryAfter });

export const tooManyStreams = (limit: number): AuthflowError => new AuthflowError(429, "too_many_requests",
  `This client holds ${limit} streams here already: end one, or raise AUTHFLOW_STREAMS_PER_CLIENT`, { retryAfter: 60 });

/** A cause that an operator has to repair is the error itself: it says more than `description`. */
export const unavailable = (description: string, cause?: unknown): AuthflowError =>
  cause instanceof AuthflowError && cause.extra.isLasting === true ? cause
    : new AuthflowError(503, "temporarily_unavailable", description, { cause, retryAfter: RETRY_AFTER });

export const unavailableUntilRepaired = (description: string, cause: unknown): AuthflowError =>
  new AuthflowError(503, "temporarily_unavailable", description,
    { cause, retryAfter: RETRY_AFTER_REPAIR, isLasting: true });
