import type { FastifyBaseLogger } from "fastify";
import fp from "fastify-plugin";
import type { Logger } from "pino";

/** One line for each request: the caller, the method and path, the status. Never headers, queries or bodies. */
export default fp(async (app) => {
  // Fastify creates a child logger for each request, which costs more than the line. One logger for each level is
  // enough, because each line carries `reqId`.
  const loggers = new Map<string | undefined, FastifyBaseLogger>();
  app.setChildLoggerFactory((logger, _bindings, { level }) => {
    const known = loggers.get(level) ?? (level === undefined ? logger : logger.child({}, { level }));
    loggers.set(level, known);
    return known;
  });
  app.addHook("onResponse", (request, reply, done) => {
    if (!(request.log as Logger).isLevelEnabled("info")) { done(); return; } // do not collect what is not written
    request.log.info({
      reqId: request.id,
      method: request.method,
      path: request.url.split("?", 1)[0],
      ip: request.ip,
      client_id: request.client?.id ?? request.accessToken?.claims.client_id,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    }, "request");
    done();
  });
}, { name: "request-log" });
