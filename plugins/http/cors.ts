import cors from "@fastify/cors";
import fp from "fastify-plugin";

/** What a page in a browser may call with a token of its own. All else is for backends, which know no CORS. */
const BROWSER_PATHS = new Set(["/userinfo", "/logout", "/token"]);

/** CORS without credentials: no cookies are sent along, only what the page has in hand. */
export default fp(async (app) => {
  await app.register(cors, {
    // @fastify/cors answers preflights for every path, wherever it is registered: the paths have to be named.
    delegator: (request, callback) => {
      const path = request.url?.split("?", 1)[0] ?? "";
      callback(null, {
        origin: BROWSER_PATHS.has(path) ? "*" : false,
        methods: ["GET", "POST"], allowedHeaders: ["Authorization", "Content-Type"], maxAge: 7200, strictPreflight: false,
      });
    },
  });
}, { name: "cors" });
