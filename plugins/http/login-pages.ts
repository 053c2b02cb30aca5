import type { FastifyReply } from "fastify";
import fp from "fastify-plugin";
import type { ConsentPage } from "../../src/authorization/authorization-finisher.js";
import type { Application } from "../../src/login/login-service.js";
import { chooser } from "./chooser.js";
import { consentPage } from "./consent-page.js";
import { SUBMIT } from "./form-page.js";

declare module "fastify" {
  interface FastifyReply {
    /** The page on which a person chooses a provider; `hrefOf` as in chooser.ts. */
    sendChooser: (
      application: Application | undefined,
      hrefOf: (name: string) => string | undefined,
    ) => FastifyReply;
    sendConsentPage: (question: ConsentPage, request: string) => FastifyReply;
  }
}

/** The pages of a login, and the script of the one that posts its form. */
export default fp(async (app) => {
  const { providers, config: { publicUrl } } = app;
  app.decorateReply("sendChooser", function (this: FastifyReply, application, hrefOf) {
    return this.sendPage(chooser(providers.values(), application, hrefOf));
  });
  app.decorateReply("sendConsentPage", function (this: FastifyReply, question, request) {
    return this.sendPage(consentPage(question, request, publicUrl));
  });
  app.get(SUBMIT.path, { logLevel: "warn", schema: { hide: true } }, (_request, reply) =>
    reply.header("cache-control", "public, max-age=86400").type("text/javascript; charset=utf-8").send(SUBMIT.script));
}, { name: "login-pages", dependencies: ["pages", "providers"] });
