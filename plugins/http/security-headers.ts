import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import helmet from "helmet";

declare module "fastify" {
  interface FastifyInstance { securityHeaders: Record<string, string> }
}

/**
 * Helmet's headers on every answer. They never change, so Helmet computes them once, at the start. @fastify/helmet
 * computes them for each request, which adds a tenth to the cost of a mint.
 */
export default fp(async (app) => {
  const constant: Record<string, string> = {
    ...headersOf(helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
      },
      referrerPolicy: { policy: "no-referrer" },
      strictTransportSecurity: app.config.publicUrl.startsWith("https:"),
      xFrameOptions: { action: "deny" },
      // These serve outdated browsers, or kinds of pages that Authflow does not have.
      originAgentCluster: false, xDnsPrefetchControl: false, xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false, xXssProtection: false,
    })),
    // Any answer may contain a token or a secret, unless its route sets another value.
    "cache-control": "no-store",
  };
  // A login in a popup passes through here on its way to a page of the application, which answers window.opener.
  // Cross-Origin-Opener-Policy on any of the answers on that way would cut the popup off.
  const { "cross-origin-opener-policy": _policy, ...ofLogins } = constant;
  app.decorate("securityHeaders", constant);
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(isLogin(request) ? ofLogins : constant);
    done();
  });
}, { name: "security-headers" });

/** Whether a request belongs to a login: GET /auth and all that is below it, also what no route answers. */
const isLogin = ({ url, routeOptions }: FastifyRequest): boolean =>
  /^\/auth(?![^/?])/.test(url) || routeOptions?.config?.pages === true;

function headersOf(middleware: ReturnType<typeof helmet>): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => { headers[name.toLowerCase()] = value; },
    removeHeader: () => undefined,
  };
  middleware({} as never, response as never, (error?: unknown) => {
    if (error !== undefined) throw error as Error;
  });
  return headers;
}
