import formbody from "@fastify/formbody";
import fp from "fastify-plugin";
import { checkContentHeaders } from "./content-headers.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The body is a form, as at OAuth's endpoints, not JSON. */
    form?: boolean;
  }
}

/** Accepts application/x-www-form-urlencoded only, for the routes in the same scope. */
export default fp(async (app) => {
  app.removeAllContentTypeParsers();
  await app.register(formbody);
  checkContentHeaders(app);
}, { name: "forms" });
