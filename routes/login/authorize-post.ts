import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { invalidRequest } from "../../src/shared/errors.js";
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
const question = {
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
    303: { type: "null" as const, description: "To the redirect URI, with `code` or `error`" },
    ...pageErrors(400, 403, 410, 413, 415, 429, 503),
  },
};

/** Characters. Longer URLs are refused on their way by many servers. */
const URL_MAX = 8000;

const authorizePost: FastifyPluginAsyncTypebox = async (app) => {
  const { publicUrl } = app.config;
  // A cross-site form post comes without the session's cookie (SameSite=Lax). The redirect becomes a GET, which has it.
  app.post("/authorize", { ...form, schema }, async ({ body }, reply) => {
    const query = new URLSearchParams(Object.entries(body).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, String(one)])));
    const url = `${publicUrl}/authorize?${query.toString()}`;
    if (url.length > URL_MAX) throw invalidRequest("The request is too long for a browser: push it (POST /par)");
    return reply.redirect(url, 303);
  });

  const page = { config: { pages: true }, exposeHeadRoute: false };
  app.get("/authorize/consent", { ...page, schema: question }, async (request, reply) => {
    const asked = request.query.request;
    const { client, destination, user, allowed, resources } = await app.authorizationFinisher.question(
      asked, request.sessionCookie());
    return reply.sendPage({
      title: `Allow ${client.name}?`,
      logo: client.logoUri,
      paragraphs: ["This application wants to:"],
      list: [...allowed, ...resources.map((one) => `use ${one} for you`)],
      facts: [["It takes you back to", destination], ["You are logged in as", user]],
      form: {
        action: `${publicUrl}/authorize/consent`,
        fields: { request: asked },
        buttons: [
          { text: "Allow", name: "decision", value: "allow" },
          { text: "Do not allow", name: "decision", value: "deny", quiet: true },
        ],
      },
      note: "Nobody has checked this application. Allow it only if you know it and where it takes you back to.",
    });
  });

  app.post("/authorize/consent", { ...form, schema: decision }, async (request, reply) => {
    const { request: asked, decision: decided } = request.body;
    if (decided !== "allow" && decided !== "deny") throw invalidRequest("decision must be allow or deny");
    const outcome = await app.authorizationFinisher.decide(asked, request.sessionCookie(), decided === "allow");
    return reply.answerLogin({ provider: "", ...outcome }, 303);
  });
};
export default authorizePost;
