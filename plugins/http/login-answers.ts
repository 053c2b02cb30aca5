import cookie from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import {
  LOGIN_COOKIE, type LoginCookie, LoginService, type OutcomeWithCookies,
} from "../../src/login/login-service.js";
import { accessDenied } from "../../src/shared/errors.js";
import { formPage } from "./form-page.js";

declare module "fastify" {
  interface FastifyInstance {
    /** Guard: refuses what a browser fetches before a person wants it. The browser then asks again when they do. */
    refusePrefetch: (request: FastifyRequest) => Promise<void>;
  }
  interface FastifyRequest {
    /** The cookie of the login with this `state`. */
    loginCookie: (state: string | undefined) => string | undefined;
    /** The cookie of the browser's session. */
    sessionCookie: () => string | undefined;
  }
  interface FastifyReply {
    /**
     * Sets the cookies, and redirects the browser or gives it a form to post. If the login failed, its line in the log
     * says why, and one of its own what caused it.
     */
    answerLogin: (outcome: OutcomeWithCookies, status: 302 | 303) => FastifyReply;
  }
}

const SESSION_COOKIE = "authflow-session";

/** How browsers say so: by the Fetch standard, and as older ones do. */
const PREFETCH_HEADERS = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
/**
 * Characters that the login cookies of one browser may have together: about ten logins. Many proxies refuse a Cookie
 * header above 8,000.
 */
const COOKIES_MAX = 6000;

/** What a browser brings to a login, and what it gets. */
export default fp(async (app) => {
  const { sessions, config: { publicUrl } } = app;
  await app.register(cookie);
  const secure = publicUrl.startsWith("https:");
  // Lax: the provider's redirect is a top-level navigation from another site. __Host-: no subdomain can set it.
  const options = { path: "/", httpOnly: true, secure, sameSite: "lax" } as const;
  const cookieName = (name: string): string => (secure ? `__Host-${name}` : name);
  const setLoginCookie = (reply: FastifyReply, login: LoginCookie): void => {
    const pending = Object.entries(reply.request.cookies)
      .filter(([name]) => name.startsWith(cookieName(LOGIN_COOKIE)) && name !== cookieName(login.name));
    // Browsers send the oldest first (RFC 6265 §5.4): from the newest on, those that fit stay.
    let size = login.value.length;
    for (const [name, value = ""] of pending.reverse()) {
      size += name.length + value.length;
      if (size > COOKIES_MAX) reply.clearCookie(name, options);
    }
    reply.setCookie(cookieName(login.name), login.value, { ...options, maxAge: login.maxAge });
  };
  app.decorateRequest("loginCookie", function loginCookie(this: FastifyRequest, state) {
    return this.cookies[cookieName(LoginService.cookieName(state ?? ""))];
  });
  app.decorate("refusePrefetch", async ({ headers }) => {
    if (PREFETCH_HEADERS.some((name) => /prefetch|preview/i.test(String(headers[name]))))
      throw accessDenied("A prefetch finishes no login: open the address itself");
  });
  app.decorateRequest("sessionCookie", function sessionCookie(this: FastifyRequest) {
    return this.cookies[cookieName(SESSION_COOKIE)];
  });
  app.decorateReply("answerLogin", function answerLogin(this: FastifyReply, outcome: OutcomeWithCookies, status) {
    const { answer, clientId: client_id, provider, failure, cookie, session } = outcome;
    const { request } = this;
    if (cookie !== undefined) setLoginCookie(this, cookie);
    if (session !== undefined)
      this.setCookie(cookieName(SESSION_COOKIE), session, { ...options, maxAge: sessions.cookieLifetime });
    request.logFields = { client_id, ...(provider !== "" && { provider }) };
    request.failure = failure ?? null;
    if (failure?.cause !== undefined)
      this.log.warn({ reqId: request.id, client_id, provider, err: failure.cause }, failure.message);
    return "location" in answer ? this.redirect(answer.location, status) : this.sendPage(formPage(answer, publicUrl));
  });
}, { name: "login-answers", dependencies: ["pages", "sessions"] });
