import type { Static } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { pageErrors, ref } from "../schemas/common.js";
import { AuthorizationQuery, CallbackQuery, ProviderList, ProviderName } from "../schemas/login/auth.js";

const common = { tags: ["login"], security: [] };
const elsewhere = (description: string) => ({ type: "null" as const, description });
/** A look ahead (HEAD) must not begin a login, nor use one up. */
const route = { config: { pages: true }, exposeHeadRoute: false };

const list = {
  ...common,
  operationId: "listProviders",
  summary: "The ways to log in",
  description: "For a browser a page with links, which pass the query on: a login page in one line.",
  response: {
    200: {
      description: "The providers that are switched on",
      content: { "application/json": { schema: ref(ProviderList) }, "text/html": { schema: { type: "string" as const } } },
    },
    ...pageErrors(429),
  },
};
const start = {
  ...common,
  operationId: "startLogin",
  summary: "Log a user in through a provider",
  description: "RFC 6749 §4.1.1 and §4.2.1. Open it in the user's browser. A bad client or redirect URI is answered here; " +
    "any other error goes to the redirect URI, with `state`.",
  params: ProviderName,
  querystring: AuthorizationQuery,
  response: { 302: elsewhere("To the provider, or back with an error"), ...pageErrors(400, 404, 429, 503) },
};
const callback = {
  ...common,
  operationId: "finishLogin",
  summary: "Where the provider sends the browser back to",
  description: "Enter this URL in the provider's console. `token`: #access_token=…&token_type=Bearer&expires_in=…&state=…; " +
    "`code`: ?code=…&state=… for POST /token; an error: error=…&error_description=…&state=….",
  params: ProviderName,
  querystring: CallbackQuery,
  response: { 303: elsewhere("To the application's redirect URI"), ...pageErrors(400, 403, 404, 410, 429, 503) },
};

/** `query`: the application's request, which every link passes on. */
function chooser(providers: Static<typeof ProviderList>["providers"], query: string | undefined) {
  const title = "Log in";
  const labels = providers.map(({ label }) => label).join(", ");
  if (labels === "") return { title, paragraphs: ["No provider is switched on here."] };
  // Without it the links would lead nowhere: nobody could be brought back.
  if (query === undefined)
    return { title, paragraphs: [`Providers: ${labels}.`, "A login begins at an application, which sends you here."] };
  const links = providers.map(({ label, url }) => ({ text: `Log in with ${label}`, href: `${url}?${query}` }));
  return { title, paragraphs: ["Choose how to log in."], links };
}

const auth: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/auth", { ...route, schema: list }, async (request, reply) => {
    const [, query] = /\?(.*client_id=.*)/.exec(request.url) ?? [];
    const providers = [...app.providers.values()].map(({ name, label }) =>
      ({ name, label, url: `${app.config.publicUrl}/auth/${name}` }));
    return request.prefersPage() ? reply.sendPage(chooser(providers, query)) : reply.send({ providers });
  });

  app.get("/auth/:provider", { ...route, schema: start }, async ({ params, query }, reply) => {
    const { cookie, ...redirect } = await app.logins.start(params.provider, query);
    return reply.setLoginCookie(cookie).redirectLogin(redirect, 302);
  });

  app.get("/auth/:provider/callback", { ...route, schema: callback }, async (request, reply) => {
    const { params, query } = request;
    return reply.redirectLogin(
      await app.logins.finish(params.provider, query, request.takeLoginCookie(query.state, reply)), 303);
  });
};
export default auth;
