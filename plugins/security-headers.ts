import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import fp from "fastify-plugin";

/** What a page in a browser may call with a token of its own. All else is for backends, which know no CORS. */
const BROWSER_PATHS = new Set(["/.well-known/jwks.json", "/userinfo", "/logout"]);

export default fp(async (app) => {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] } },
    referrerPolicy: { policy: "no-referrer" },
    strictTransportSecurity: app.config.publicUrl.startsWith("https:"),
    xFrameOptions: { action: "deny" },
  });
  await app.register(cors, {
    delegator: (request, callback) => {
      const path = request.url?.split("?", 1)[0] ?? "";
      // No cookies, no credentials: what a page sends along is what it has in hand.
      callback(null, { origin: BROWSER_PATHS.has(path) ? "*" : false, methods: ["GET", "POST"], allowedHeaders: ["Authorization", "Content-Type"], maxAge: 7200 });
    },
  });
  // Everything may carry a token or a secret until a route says otherwise.
  app.addHook("onRequest", async (_request, reply) => {
    reply.header("cache-control", "no-store");
  });
}, { name: "security-headers" });
