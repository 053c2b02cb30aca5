import accepts from "@fastify/accepts";
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { AuthflowError } from "../../src/shared/errors.js";
import type { Page } from "./page.js";
import { pageCsp, renderPage } from "./page-template.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** People open this route in a browser: answers and errors are pages if `Accept` prefers HTML to JSON. */
    pages?: boolean;
  }
  interface FastifyRequest { prefersPage: () => boolean }
  interface FastifyReply { sendPage: (page: Page) => FastifyReply }
}

export default fp(async (app) => {
  await app.register(accepts);
  app.decorateRequest("prefersPage", function (this: FastifyRequest) { return prefersPage(this); });
  app.decorateReply("sendPage", function sendPage(this: FastifyReply, page: Page) {
    const { operator } = app.config;
    return this.header("content-security-policy", pageCsp(page, operator)).type("text/html; charset=utf-8")
      .send(renderPage(page, operator));
  });
}, { name: "pages" });

/** Works for any request, including one that Fastify could not route and therefore did not decorate. */
export const prefersPage = (request: FastifyRequest): boolean =>
  request.routeOptions?.config?.pages === true && request.type(["json", "html"]) === "html";

const TITLES: Record<number, string> = {
  400: "This link does not work",
  403: "This login can't be finished",
  404: "Unknown provider",
  410: "This login can't be finished",
  429: "Too many attempts",
  503: "Temporarily unavailable",
};
const REMEDIES: Record<number, string> = {
  404: "Go back to the application and choose another one.",
  410: "If the application shows that you are logged in, you are done. Otherwise go back to it and log in again.",
  429: "Wait a minute, then go back to the application and log in again.",
  500: "Go back to the application and log in again. If this happens again, send its support the request id below.",
  503: "Wait a moment, then go back to the application and log in again.",
};
const REMEDY = "Go back to the application and log in again.";

/** The same message as in the JSON answer, and what the user can do. */
export function errorPage(
  { status, message, extra: { links = [] } }: AuthflowError,
  { id: reference, method }: Pick<FastifyRequest, "id" | "method">,
): Page {
  // "": this very address. That of a form that was posted does not have what the form had.
  const again = method === "GET" && (status === 429 || status === 503) ? [{ text: "Try again", href: "" }] : [];
  return {
    title: TITLES[status] ?? "Something went wrong",
    paragraphs: [`${message}.`, ...(links.length > 0 ? [] : [REMEDIES[status] ?? REMEDY])],
    links: [...again, ...links],
    reference,
  };
}
