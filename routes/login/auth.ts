import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { pageErrors, ref } from "../schemas/common.js";
import { AuthorizationQuery, CallbackQuery, ProviderList, ProviderName } from "../schemas/login/auth.js";

const common = { tags: ["login"], security: [] };
const redirect = (description: string) => ({ type: "null" as const, description });
/** Without HEAD, which is safe (RFC 9110 §9.2.1), so that it must neither start nor finish a login. */
const route = { config: { pages: true }, exposeHeadRoute: false };

const list = {
  ...common,
  operationId: "listProviders",
  summary: "List the identity providers",
  description: "Browsers get a page with a link for each provider. The links keep the query parameters, so that an " +
    "application can send its users here to choose a provider.",
  response: {
    200: {
      description: "The configured providers",
      content: {
        "application/json": { schema: ref(ProviderList) },
        "text/html": { schema: { type: "string" as const } },
      },
    },
    ...pageErrors(429, 503),
  },
};
const start = {
  ...common,
  operationId: "startLogin",
  summary: "Log a user in through a provider",
  description: "RFC 6749 §4.1.1 and §4.2.1. Open it in the user's browser. If the client or the redirect URI is not " +
    "valid, the answer is an error. Any other error is sent to the redirect URI, with `state`.",
  params: ProviderName,
  querystring: AuthorizationQuery,
  response: {
    302: redirect("To the provider, or to the redirect URI with an error"),
    ...pageErrors(400, 404, 429, 503),
  },
};
const callback = {
  ...common,
  operationId: "finishLogin",
  summary: "Finish a login: the provider redirects the browser here",
  description: "Enter this URL in the provider's console. The answer redirects to the application's redirect URI. " +
    "With response_type `token` it adds #access_token=…&token_type=Bearer&expires_in=…&state=…; with `code` it adds " +
    "?code=…&state=…, and POST /token exchanges the code. An error adds error=…&error_description=…&state=….",
  params: ProviderName,
  querystring: CallbackQuery,
  response: {
    200: {
      description: "A page that posts the answer to the application: of a request with response_mode `form_post`",
      content: { "text/html": { schema: { type: "string" as const } } },
    },
    303: redirect("To the application's redirect URI"), ...pageErrors(400, 403, 404, 410, 429, 503),
  },
};

const auth: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/auth", { config: route.config, schema: list }, async (request, reply) => {
    const providers = [...app.providers.values()].map(({ name, label }) =>
      ({ name, label, url: `${app.config.publicUrl}/auth/${name}` }));
    if (!request.prefersPage()) return reply.send({ providers });
    const query = request.url.split("?").slice(1).join("?");
    const application = await app.logins.application(Object.fromEntries(new URLSearchParams(query)));
    return reply.sendChooser(application, (name) =>
      (query.includes("client_id=") ? `${app.config.publicUrl}/auth/${name}?${query}` : undefined));
  });

  app.get("/auth/:provider", { ...route, schema: start }, async ({ params, query }, reply) => {
    return reply.answerLogin(await app.logins.start(params.provider, query), 302);
  });

  const finish = { ...route, schema: callback, onRequest: app.refusePrefetch };
  app.get("/auth/:provider/callback", finish, async (request, reply) => {
    const { params: { provider }, query } = request;
    const cookies = { login: request.loginCookie(query.state), session: request.sessionCookie() };
    return reply.answerLogin(await app.logins.finish(provider, query, cookies), 303);
  });
};
export default auth;
