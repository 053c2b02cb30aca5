import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { AuthflowError } from "../../src/shared/errors.js";
import { invalidInput } from "./invalid-input.js";
import { errorPage, prefersPage } from "./pages.js";

const BODY_ERRORS: Record<string, [status: number, description: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "Content-Type must be application/json"],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, "The request body must be at most 32 KiB"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, "The request body's length differs from Content-Length"],
  FST_ERR_MAX_PARAM_LENGTH: [414, "A part of the request's path is too long"],
  FST_ERR_BAD_URL: [400, "The request's path is not a valid URL path"],
};

/** The only place that turns an error into an answer. */
export function answerError(error: FastifyError | AuthflowError, request: FastifyRequest, reply: FastifyReply): void {
  const known = error instanceof AuthflowError ? error : translate(error, request);
  request.failure = known;
  if (known.status >= 500) request.log.error({ reqId: request.id, err: known.cause ?? error }, known.message);
  const { challenge, retryAfter, redirectTo } = known.extra;
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  if (challenge !== undefined && !(challenge === "Basic" && isOwnScript(request)))
    reply.header("www-authenticate", wwwAuthenticate(challenge, known));
  reply.code(known.status).header("cache-control", "no-store");
  if (prefersPage(request)) return void reply.sendPage(errorPage(known, request));
  reply.send({
    error: known.code,
    error_description: known.message,
    ...(redirectTo !== undefined && { redirect_to: redirectTo }),
    ...(known.status >= 500 ? { request_id: request.id } : {}),
  });
}

function translate(error: FastifyError, { routeOptions: { config } }: FastifyRequest): AuthflowError {
  const extra = { cause: error };
  if (error.code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" && config?.form === true)
    return new AuthflowError(415, "invalid_request", "Content-Type must be application/x-www-form-urlencoded", extra);
  const [status, description] = BODY_ERRORS[error.code] ?? [error.statusCode ?? 500, error.message];
  if (status >= 500)
    return new AuthflowError(500, "server_error", "Internal error: send the request_id to the operator", extra);
  return new AuthflowError(status, "invalid_request", description, extra);
}

/**
 * Whether a script of /docs sent the request (W3C Fetch Metadata). A challenge would make the browser ask the person
 * for a password, in a dialog of its own; what is entered there is sent with every later request.
 */
const isOwnScript = ({ headers }: FastifyRequest): boolean =>
  headers["sec-fetch-site"] === "same-origin" && headers["sec-fetch-dest"] === "empty";

/** RFC 6750 §3.1: an error code only if the request had a token. */
function wwwAuthenticate(challenge: "Basic" | "Bearer", { code, message }: AuthflowError): string {
  const realm = `${challenge} realm="authflow"`;
  return challenge === "Bearer" && code === "invalid_token"
    ? `${realm}, error="${code}", error_description="${message.replace(/["\\]/g, "'")}"`
    : realm;
}

export default fp(async (app) => {
  app.setErrorHandler(answerError);
  app.setSchemaErrorFormatter(invalidInput);
}, { name: "errors", dependencies: ["pages"] });
