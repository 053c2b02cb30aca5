import cookie from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { Grants } from "../../src/grants/grants.js";
import { AuthorizationCodeService } from "../../src/login/authorization-code-service.js";
import { LOGIN_COOKIE, type LoginCookie, LoginService, type Redirect } from "../../src/login/login-service.js";

declare module "fastify" {
  interface FastifyInstance { logins: LoginService; authorizationCodes: AuthorizationCodeService; grants: Grants }
  interface FastifyRequest {
    /** Takes the cookie of the login with this state: it serves once. */
    takeLoginCookie: (state: string | undefined, reply: FastifyReply) => string | undefined;
  }
  interface FastifyReply {
    setLoginCookie: (cookie: LoginCookie | undefined) => FastifyReply;
    /** Sends the browser on, and says in the log why if that is because of a failure. */
    redirectLogin: (redirect: Redirect, status: 302 | 303) => FastifyReply;
  }
}

/** How many logins one browser may have under way at once. */
const MOST_LOGINS = 20;

export default fp(async (app) => {
  const { clock, clients, tokens, revocations, providers, database, config: { publicUrl, issuer } } = app;
  await app.register(cookie);
  const codes = new AuthorizationCodeService({
    store: database.authorizationCodes, tokens, revocations, clock, statusOf: app.statusOf,
  });
  app.decorate("authorizationCodes", codes);
  app.decorate("logins", new LoginService({ store: database.logins, codes, tokens, clients, providers, clock, publicUrl, issuer }));
  app.decorate("grants", new Grants({ codes }));

  const secure = publicUrl.startsWith("https:");
  // Lax: the provider's redirect is a top-level navigation from another site. __Host-: no subdomain can plant one.
  const options = { path: "/", httpOnly: true, secure, sameSite: "lax" } as const;
  const named = (name: string): string => (secure ? `__Host-${name}` : name);
  app.decorateReply("setLoginCookie", function setLoginCookie(this: FastifyReply, login: LoginCookie | undefined) {
    if (login === undefined) return this;
    // Logins that were never finished must not fill the headers until the server refuses them: browsers send the oldest first.
    const begun = Object.keys(this.request.cookies).filter((name) => name.startsWith(named(LOGIN_COOKIE)));
    for (const name of begun.slice(0, 1 - MOST_LOGINS)) this.clearCookie(name, options);
    return this.setCookie(named(login.name), login.value, { ...options, maxAge: login.maxAge });
  });
  app.decorateRequest("takeLoginCookie", function takeLoginCookie(this: FastifyRequest, state, reply) {
    const name = named(LoginService.cookieName(state ?? ""));
    if (this.cookies[name] !== undefined) reply.clearCookie(name, options);
    return this.cookies[name];
  });
  app.decorateReply("redirectLogin", function redirectLogin(this: FastifyReply, { location, failure }: Redirect, status) {
    const { id: reqId } = this.request;
    if (failure !== undefined && failure.status < 500) this.log.info({ reqId, error: failure.code }, failure.message);
    else if (failure !== undefined) this.log.warn({ reqId, err: failure.cause ?? failure }, failure.message);
    return this.redirect(location, status);
  });
}, { name: "logins", dependencies: ["database", "clients", "tokens", "revocation", "providers"] });
