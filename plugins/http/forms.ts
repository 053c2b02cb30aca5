import formbody from "@fastify/formbody";
import fp from "fastify-plugin";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Takes a form, as OAuth's endpoints do, instead of JSON. */
    form?: boolean;
  }
}

/** application/x-www-form-urlencoded and nothing else, for the routes registered beside it. */
export default fp(async (app) => {
  app.removeAllContentTypeParsers();
  await app.register(formbody);
}, { name: "forms" });
