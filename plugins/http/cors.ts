import cors from "@fastify/cors";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import fp from "fastify-plugin";

/** What a page in a browser may call with its own token or code. Backends call the rest, and need no CORS. */
const BROWSER_PATHS = new Set(["/userinfo", "/logout", "/token", "/revoke", "/par", "/consents"]);
/** A consent, and documents that everybody may read: some clients send a header of their own to discovery. */
const BROWSER_PATH = /^\/(consents\/[^/]+|\.well-known\/.+)$/;

/** Whether pages may send what a preflight asks about. Of clients they may register one. */
function isOpen({ url = "", headers }: FastifyRequest): boolean {
  const path = url.split("?", 1)[0] as string;
  if (path === "/clients") return headers["access-control-request-method"] === "POST";
  return BROWSER_PATHS.has(path) || BROWSER_PATH.test(path);
}

/**
 * Answers preflights. CORS without credentials: browsers send no cookies, only what the page itself puts into the
 * request. @fastify/cors answers preflights for every path, wherever it is registered: hence the list of paths. In a
 * scope of its own, it costs the other routes nothing.
 */
export const preflights: FastifyPluginAsync = async (app) => {
  await app.register(cors, {
    delegator: (request, callback) => {
      callback(null, {
        origin: isOpen(request) ? "*" : false,
        methods: ["GET", "POST", "DELETE"],
        allowedHeaders: ["Authorization", "Content-Type", "MCP-Protocol-Version"],
        maxAge: 7200,
        strictPreflight: false,
      });
    },
  });
};

/** Pages of every origin may read the answers of the routes in the same scope. */
export const readableByPages = fp(async (app) => {
  app.addHook("onRequest", (_request, reply, done) => {
    reply.header("access-control-allow-origin", "*");
    done();
  });
}, { name: "readable-by-pages" });
