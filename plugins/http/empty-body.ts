import { errorCodes, type FastifyInstance } from "fastify";

/**
 * Ignores the content type of an empty body, whatever it is: many HTTP clients name one with every request, also with
 * a logout. Of any other body it refuses the types that `app` has no parser for.
 */
export function acceptAnyEmptyBody(app: FastifyInstance): void {
  app.addHook("onRequest", ({ headers }, _reply, done) => {
    const isEmpty = (headers["content-length"] ?? "0") === "0" && headers["transfer-encoding"] === undefined;
    if (isEmpty) delete headers["content-type"];
    done();
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") done(null, undefined);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE());
  });
}
