import cors from "@fastify/cors";
import fp from "fastify-plugin";

/** What a page in a browser may call with its own token or code. Backends call the rest, and need no CORS. */
const BROWSER_PATHS = new Set(["/userinfo", "/logout", "/token", "/revoke", "/par", "/consents"]);
const CONSENT = /^\/consents\/[^/]+$/;

/** CORS without credentials: browsers send no cookies, only what the page itself puts into the request. */
export default fp(async (app) => {
  await app.register(cors, {
    // @fastify/cors answers preflights for every path, wherever it is registered: hence the list of paths.
    delegator: (request, callback) => {
      const path = request.url?.split("?", 1)[0] ?? "";
      callback(null, {
        origin: BROWSER_PATHS.has(path) || CONSENT.test(path) ? "*" : false,
        methods: ["GET", "POST", "DELETE"],
        allowedHeaders: ["Authorization", "Content-Type"],
        maxAge: 7200,
        strictPreflight: false,
      });
    },
  });
}, { name: "cors" });
