import fp from "fastify-plugin";

/** An OAuth parameter without a value counts as omitted (RFC 6749 §3.1 and §3.2), for the routes in the same scope. */
export default fp(async (app) => {
  app.addHook("preValidation", (request, _reply, done) => {
    omitEmpty(request.query);
    if (request.routeOptions.config.form === true) omitEmpty(request.body);
    done();
  });
}, { name: "parameters" });

function omitEmpty(parameters: unknown): void {
  const texts = (parameters ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries(texts)) if (value === "") delete texts[name];
}
