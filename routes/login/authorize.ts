import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { pageErrors } from "../schemas/common.js";
import { AuthorizeQuery } from "../schemas/login/authorize.js";

const common = { tags: ["login"], security: [] };
const html = (description: string) =>
  ({ description, content: { "text/html": { schema: { type: "string" as const } } } });
const redirect = (description: string) => ({ type: "null" as const, description });
/** Without HEAD, which is safe (RFC 9110 §9.2.1), so that it must not start a login. */
const route = { config: { pages: true }, exposeHeadRoute: false };

const get = {
  ...common,
  operationId: "authorize",
  summary: "Log a user in, for any OAuth 2.1 or OpenID Connect client",
  description: "RFC 6749 §4.1.1, OpenID Connect Core §3.1.2. Open it in the user's browser. A user who is logged in " +
    "already comes straight back. If the client or the redirect URI is not valid, the answer is an error; any other " +
    "error is sent to the redirect URI, with `state` and `iss`.",
  querystring: AuthorizeQuery,
  response: {
    200: html("A page to choose a provider, or with response_mode `form_post` the answer"),
    302: redirect("To a provider, or to the redirect URI with `code` or `error`, `state` and `iss`"),
    ...pageErrors(400, 429, 503),
  },
};

const authorize: FastifyPluginAsyncTypebox = async (app) => {
  const { publicUrl } = app.config;
  app.get("/authorize", { ...route, schema: get, onRequest: app.refusePrefetch }, async (request, reply) => {
    const step = await app.authorization.begin(request.query, request.sessionCookie());
    if ("outcome" in step) return reply.answerLogin(step.outcome, 302);
    const query = new URLSearchParams(request.url.split("?").slice(1).join("?"));
    return reply.sendChooser(step.application, (name) => {
      query.set("provider", name); // it may have named one that does not exist
      return `${publicUrl}/authorize?${query.toString()}`;
    });
  });
};
export default authorize;
