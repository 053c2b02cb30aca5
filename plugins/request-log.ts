import fp from "fastify-plugin";

/** One line a request: who asked for what, and how it ended. Headers, queries and bodies are never logged. */
export default fp(async (app) => {
  app.addHook("onResponse", (request, reply, done) => {
    request.log.info({
      method: request.method,
      path: request.url.split("?", 1)[0],
      ip: request.ip,
      client_id: request.client?.id ?? request.user?.client_id,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    }, "request");
    done();
  });
}, { name: "request-log" });
