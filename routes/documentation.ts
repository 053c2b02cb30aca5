import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Headers that belong to a connection: they are not copied from the inner app's answer. */
const CONNECTION_HEADERS = ["connection", "date", "keep-alive", "transfer-encoding"];

const documentation: FastifyPluginAsyncTypebox = async (app) => {
  const hidden = { schema: { hide: true } };
  app.get("/openapi.json", hidden, async () => (await app.documentation()).swagger());

  const page = async ({ url, headers }: FastifyRequest, reply: FastifyReply) => {
    const pages = await app.documentation();
    const answer = await pages.inject({ method: "GET", url, headers }); // for HEAD, Fastify sends the headers only
    if (answer.statusCode === 404) return reply.callNotFound();
    const kept = Object.entries(answer.headers).filter(([name]) => !CONNECTION_HEADERS.includes(name));
    reply.code(answer.statusCode).headers(Object.fromEntries(kept));
    return reply.send(answer.rawPayload.length > 0 ? answer.rawPayload : undefined);
  };
  app.get("/docs", hidden, page);
  app.get("/docs/*", hidden, page);
};
export default documentation;
