import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";

const documentation: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
};
export default documentation;
