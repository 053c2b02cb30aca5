import fp from "fastify-plugin";
import { checkContentHeaders } from "./content-headers.js";

/** Accepts JSON only. Refuses members that would change an object's prototype (`__proto__`, `constructor`). */
export default fp(async (app) => {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    // Many HTTP clients send Content-Type: application/json with an empty body, for example for a logout.
    if (body === "") done(null, undefined);
    else void parse(request, body as string, done);
  });
  checkContentHeaders(app);
}, { name: "body-parsing" });
