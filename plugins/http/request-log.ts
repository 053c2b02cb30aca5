import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Logger } from "pino";
import { unverified } from "../../src/clients/client-assertion.js";
import type { AuthflowError } from "../../src/shared/errors.js";
import { isUuid, withoutSecrets } from "../../src/shared/text.js";

declare module "fastify" {
  interface FastifyInstance {
    /** Writes the line of a request. Each has one, also if no hook runs for it. */
    logRequest: (request: FastifyRequest, reply: FastifyReply) => void;
  }
  interface FastifyRequest {
    /** Why the request failed, also if the answer is a redirect. Its line in the log says so. */
    failure: AuthflowError | null;
    /** What else its line says: ids and names, never a secret. */
    logFields: Record<string, string> | null;
  }
}

/**
 * One line for each request: the caller, the method and path, the status, and why it failed. Never headers, queries or
 * bodies.
 */
export default fp(async (app) => {
  app.decorateRequest("failure", null);
  app.decorateRequest("logFields", null);
  // Fastify creates a child logger for each request, which costs more than the line. One logger for each level is
  // enough, because each line carries `reqId`.
  const loggers = new Map<string | undefined, FastifyBaseLogger>();
  app.setChildLoggerFactory((logger, _bindings, { level }) => {
    const known = loggers.get(level) ?? (level === undefined ? logger : logger.child({}, { level }));
    loggers.set(level, known);
    return known;
  });
  app.decorate("logRequest", (request, reply) => {
    if (!(request.log as Logger).isLevelEnabled("info")) return; // do not collect what is not written
    request.log.info({
      reqId: request.id,
      method: request.method,
      path: pathOf(request.url),
      ip: request.ip,
      client_id: request.client?.id ?? request.accessToken?.claims.client_id,
      ...request.logFields,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...explained(request),
    }, "request");
  });
  app.addHook("onResponse", (request, reply, done) => {
    app.logRequest(request, reply);
    done();
  });
}, { name: "request-log" });

/** Without the challenge of a login. */
const pathOf = (url: string): string => (url.split("?", 1)[0] ?? "").replace(/^(\/logins\/)[^/]+/i, "$1***");

/** `claimed_client_id`: the client that the caller said it was, if nothing proved it. */
function explained(request: FastifyRequest): object | undefined {
  const { failure, client, accessToken, logFields } = request;
  if (!failure) return undefined;
  const known = client ?? accessToken ?? logFields?.client_id;
  const claimed = known === undefined || known === null ? claimedClientId(request) : undefined;
  return {
    error: failure.code,
    reason: withoutSecrets(failure.extra.detail ?? failure.message),
    ...(claimed !== undefined && { claimed_client_id: isUuid(claimed) ? claimed : "(not a client_id)" }),
  };
}

function claimedClientId({ body, query, headers: { authorization = "" } }: FastifyRequest): unknown {
  const { client_id: sent = (query as { client_id?: unknown } | undefined)?.client_id, client_assertion: assertion } =
    (body ?? {}) as { client_id?: unknown; client_assertion?: unknown };
  const [, basic] = /^Basic +([\w+/-]{1,2000}=*)$/i.exec(authorization) ?? [];
  return sent ?? (typeof assertion === "string" ? unverified(assertion).sub : undefined)
    ?? (basic && Buffer.from(basic, "base64").toString().split(":", 1)[0]);
}
