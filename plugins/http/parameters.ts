import fp from "fastify-plugin";

/**
 * OAuth's parameters, for the routes in the same scope. One without a value counts as omitted (RFC 6749 §3.1 and §3.2).
 * One that is sent twice is refused by its schema, except `resource` (RFC 8707 §2), which is always a list.
 */
export default fp(async (app) => {
  app.addHook("preValidation", (request, _reply, done) => {
    for (const sent of [request.query, request.routeOptions.config.form === true ? request.body : undefined]) {
      const parameters = (sent ?? {}) as Record<string, unknown>;
      if (parameters.resource !== undefined)
        parameters.resource = [parameters.resource].flat().filter((one) => one !== "");
      omitEmpty(parameters);
    }
    done();
  });
}, { name: "parameters" });

function omitEmpty(texts: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(texts))
    if (value === "" || (Array.isArray(value) && value.length === 0)) delete texts[name];
}
