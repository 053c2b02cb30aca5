import formbody from "@fastify/formbody";
import fp from "fastify-plugin";
import { checkContentHeaders } from "./content-headers.js";
import { invalidInput } from "./invalid-input.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The body is a form, as at OAuth's endpoints, not JSON. */
    form?: boolean;
  }
}

/**
 * Accepts application/x-www-form-urlencoded only, for the routes in the same scope. An empty body is an empty form,
 * whatever its content type.
 */
export default fp(async (app) => {
  app.setSchemaErrorFormatter((faults) => invalidInput(faults, "form"));
  app.addHook("preValidation", (request, _reply, done) => {
    if (request.routeOptions.config.form === true) request.body ??= {};
    done();
  });
  app.removeAllContentTypeParsers();
  await app.register(formbody);
  checkContentHeaders(app);
}, { name: "forms" });
