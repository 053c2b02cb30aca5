import { errorCodes, type FastifyInstance } from "fastify";
import { AuthflowError } from "../../src/shared/errors.js";

const COMPRESSED = "Content-Encoding is not supported: send the body uncompressed, without this header";

/**
 * Ignores the content type of an empty body, whatever it is: many HTTP clients name one with every request, also with
 * a logout. Of any other body, refuses compression and the types that `app` has no parser for.
 */
export function checkContentHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", ({ headers }, reply, done) => {
    const isEmpty = (headers["content-length"] ?? "0") === "0" && headers["transfer-encoding"] === undefined;
    if (isEmpty) delete headers["content-type"];
    const plain = isEmpty || (headers["content-encoding"] ?? "identity").toLowerCase() === "identity";
    if (!plain) reply.header("accept-encoding", "identity"); // RFC 9110 §12.5.3
    done(plain ? undefined : new AuthflowError(415, "invalid_request", COMPRESSED));
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") done(null, undefined);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE());
  });
}
