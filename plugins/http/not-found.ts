import type { HTTPMethods } from "fastify";
import fp from "fastify-plugin";
import findMyWay, { type HTTPMethod } from "find-my-way";
import { CHALLENGE_MAX } from "../../src/login/challenge-sealer.js";
import { methodNotAllowed, notFound } from "../../src/shared/errors.js";

/** Characters of a path parameter: the longest valid one is the challenge of a login page. */
export const MAX_PARAMETER_LENGTH = CHALLENGE_MAX;

/** Answers what has no route: 404, 405 for another method of a known path, and OPTIONS (RFC 9110 §9.3.7, §15.5.6). */
export default fp(async (app) => {
  const paths = findMyWay({ maxParamLength: MAX_PARAMETER_LENGTH });
  const methods = new Set<HTTPMethods>();
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) {
      if (one === "OPTIONS") continue; // @fastify/cors has it for every path, known or not
      methods.add(one);
      paths.on(one as HTTPMethod, url, () => undefined);
    }
  });
  const remedy = app.config.docs ? "see /docs" : "check its spelling";
  const methodsOf = (url: string): string[] =>
    [...methods].filter((method) => url === "*" || paths.find(method as HTTPMethod, url) !== null);

  app.addHook("onRequest", (request, reply, done) => {
    if (request.method === "OPTIONS") {
      const allowed = methodsOf(request.url);
      if (allowed.length > 0) reply.header("allow", [...allowed, "OPTIONS"].join(", "));
    }
    done();
  });
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsOf(request.url);
    const [path = ""] = request.url.split("?", 1);
    const what = `${request.method} ${path}`;
    if (allowed.length === 0 || allowed.includes(request.method)) {
      const likely = path.split("/").filter((part) => part !== "").join("/");
      const isKnown = allowed.length === 0 && methodsOf(`/${likely}`).length > 0;
      throw notFound(`${what} does not exist: ${isKnown ? `send it to /${likely}` : remedy}`);
    }
    if (request.method === "OPTIONS") return reply.code(204).send();
    reply.header("allow", [...allowed, "OPTIONS"].join(", "));
    throw methodNotAllowed(`${what} is not possible: use ${allowed.filter((one) => one !== "HEAD").join(" or ")}`);
  });
}, { name: "not-found", dependencies: ["errors"] });
