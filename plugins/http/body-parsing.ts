import { isUtf8 } from "node:buffer";
import fp from "fastify-plugin";
import { checkIJson } from "../../src/shared/i-json.js";
import { type AuthflowError, invalidRequest } from "../../src/shared/errors.js";
import { checkContentHeaders } from "./content-headers.js";

/**
 * Accepts JSON only, and of it only what every reader takes for the same value (I-JSON, RFC 7493): a token has what
 * the client sent. Refuses members that would change an object's prototype (`__proto__`, `constructor`).
 */
export default fp(async (app) => {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    // Many HTTP clients send Content-Type: application/json with an empty body, for example for a logout.
    if (body.length === 0) return done(null, undefined);
    // A decoder would replace what is not UTF-8, and two different names would become the same one.
    if (!isUtf8(body as Buffer)) return done(invalidRequest("The request body must be JSON in UTF-8"));
    const text = body.toString();
    void parse(request, text, (error, value) => { done(error === null ? fault(text) : malformed(text), value); });
  });
  checkContentHeaders(app);
}, { name: "body-parsing" });

/** Not what the parser says: it may repeat a part of the body, which may hold a secret. */
function malformed(text: string): AuthflowError {
  try {
    JSON.parse(text);
    return invalidRequest("The request body must not have a member named __proto__ or constructor");
  } catch (error) {
    const [, position] = /at position (\d+)/.exec((error as Error).message) ?? [];
    const place = position === undefined ? "" : ` at character ${Number(position) + 1}`;
    return invalidRequest(`The request body is not valid JSON${place}: names and texts stand in double quotes, and ` +
      "no comma stands before } or ]");
  }
}

function fault(json: string): Error | null {
  try {
    checkIJson(json);
    return null;
  } catch (error) {
    return error as Error;
  }
}
