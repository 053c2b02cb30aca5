import fp from "fastify-plugin";

/** JSON and nothing else. Members that would reach an object's prototype are refused. */
export default fp(async (app) => {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    // Many HTTP clients declare JSON and send nothing, as for a logout.
    if (body === "") done(null, undefined);
    else void parse(request, body as string, done);
  });
}, { name: "body-parsing" });
