import type { Static } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Application } from "../../src/login/login-service.js";
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
  response: { 303: redirect("To the application's redirect URI"), ...pageErrors(400, 403, 404, 410, 429, 503) },
};

type Listed = Static<typeof ProviderList>["providers"];

/** `query`: the application's request, which is added to every link. `application`: whose request that is, if known. */
function chooser(listed: Listed, query: string, application: Application | undefined) {
  const title = application === undefined ? "Log in" : `Log in to ${application.name}`;
  const providers = listed.filter(({ name }) => application?.providers?.includes(name) ?? true);
  const back = application === undefined ? []
    : [{ text: `Back to ${application.name}`, href: application.cancelUrl, quiet: true as const }];
  const page = { title, logo: application?.logoUri ?? null, links: back };
  const labels = providers.map(({ label }) => label).join(", ");
  if (labels === "") return { ...page, paragraphs: ["No provider is configured here."] };
  // Without the application's request a login could not return to the application: no links.
  if (!query.includes("client_id=")) {
    const start = "To log in, start at the application: it sends you here.";
    return { ...page, paragraphs: [`Providers: ${labels}.`, start] };
  }
  const links = providers.map(({ label, url }) =>
    ({ text: `Log in with ${label}`, href: `${url}?${query}`, mark: label }));
  return { ...page, paragraphs: ["Choose a provider."], links: [...links, ...back] };
}

const auth: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/auth", { config: route.config, schema: list }, async (request, reply) => {
    const providers = [...app.providers.values()].map(({ name, label }) =>
      ({ name, label, url: `${app.config.publicUrl}/auth/${name}` }));
    if (!request.prefersPage()) return reply.send({ providers });
    const query = request.url.split("?").slice(1).join("?");
    const application = await app.logins.application(Object.fromEntries(new URLSearchParams(query)));
    return reply.sendPage(chooser(providers, query, application));
  });

  app.get("/auth/:provider", { ...route, schema: start }, async ({ params, query }, reply) => {
    const { cookie, ...redirect } = await app.logins.start(params.provider, query);
    return reply.setLoginCookie(cookie).redirectLogin(redirect, 302);
  });

  const finish = { ...route, schema: callback, onRequest: app.refusePrefetch };
  app.get("/auth/:provider/callback", finish, async (request, reply) => {
    const { params: { provider }, query } = request;
    const { cookie, ...redirect } = await app.logins.finish(provider, query, request.loginCookie(query.state));
    return reply.setLoginCookie(cookie).redirectLogin(redirect, 303);
  });
};
export default auth;
