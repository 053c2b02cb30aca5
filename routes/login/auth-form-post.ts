import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { pageErrors } from "../schemas/common.js";
import { CallbackQuery, ProviderName } from "../schemas/login/auth.js";

const schema = {
  operationId: "finishLoginByForm",
  tags: ["login"],
  security: [],
  summary: "Finish a login at a provider that answers with a form (response_mode=form_post)",
  params: ProviderName,
  body: CallbackQuery,
  consumes: ["application/x-www-form-urlencoded"],
  response: {
    303: { type: "null" as const, description: "To GET of the same path" },
    ...pageErrors(400, 413, 415, 429),
  },
};

/** A longer one would make the URL too long. */
const DESCRIPTION_MAX = 1000;

const authFormPost: FastifyPluginAsyncTypebox = async (app) => {
  // A cross-site form post comes without the login's cookie (SameSite=Lax). The redirect becomes a GET, which has it.
  const options = { config: { pages: true, form: true }, schema };
  app.post("/auth/:provider/callback", options, async ({ params, body }, reply) => {
    const { state = "", code, iss, user, error, error_description: description } = body;
    const query = new URLSearchParams({
      state, ...(code && { code }), ...(iss && { iss }), ...(user && { user }), ...(error && { error }),
      ...(description && { error_description: description.slice(0, DESCRIPTION_MAX) }),
    });
    const path = `/auth/${encodeURIComponent(params.provider)}/callback`;
    return reply.redirect(`${app.config.publicUrl}${path}?${query.toString()}`, 303);
  });
};
export default authFormPost;
