import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { pageErrors } from "../schemas/common.js";
import { AuthorizeQuery, ConsentForm, ConsentQuery } from "../schemas/login/authorize.js";

const common = { tags: ["login"], security: [] };
const form = { config: { pages: true, form: true } };
const schema = {
  ...common,
  operationId: "authorizeByPost",
  summary: "The same by a form",
  body: AuthorizeQuery,
  consumes: ["application/x-www-form-urlencoded"],
  response: {
    303: { type: "null" as const, description: "To GET of the same path" }, ...pageErrors(400, 413, 415, 429),
  },
};
const ask = {
  ...common,
  operationId: "askConsent",
  summary: "Ask the user whether a client that registered itself may have what it asks for",
  querystring: ConsentQuery,
  response: {
    200: { description: "The page", content: { "text/html": { schema: { type: "string" as const } } } },
    ...pageErrors(400, 403, 410, 429, 503),
  },
};
const decision = {
  ...common,
  operationId: "decideConsent",
  summary: "The user's decision",
  body: ConsentForm,
  consumes: ["application/x-www-form-urlencoded"],
  response: {
    200: {
      description: "A page that posts the answer to the application: of a request with response_mode `form_post`",
      content: { "text/html": { schema: { type: "string" as const } } },
    },
    303: { type: "null" as const, description: "To the redirect URI, with `code` or `error`" },
    ...pageErrors(400, 403, 410, 413, 415, 429, 503),
  },
};

const authorizePost: FastifyPluginAsyncTypebox = async (app) => {
  // A cross-site form post comes without the session's cookie (SameSite=Lax). The redirect becomes a GET, which has it.
  app.post("/authorize", { ...form, schema }, async ({ body }, reply) => {
    return reply.redirect(app.authorization.urlOf(body), 303);
  });

  const page = { config: { pages: true }, exposeHeadRoute: false };
  app.get("/authorize/consent", { ...page, schema: ask }, async (request, reply) => {
    const asked = request.query.request;
    const question = await app.authorizationFinisher.question(asked, request.sessionCookie());
    return reply.sendConsentPage(question, asked);
  });

  app.post("/authorize/consent", { ...form, schema: decision }, async (request, reply) => {
    const { request: asked, decision: decided } = request.body;
    const outcome = await app.authorizationFinisher.decide(asked, request.sessionCookie(), decided === "allow");
    return reply.answerLogin({ provider: "", ...outcome }, 303);
  });
};
export default authorizePost;
