import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import Fastify, { type FastifyInstance, type RouteOptions } from "fastify";
import fp from "fastify-plugin";
import { completed } from "./openapi-examples.js";
import { schemaController } from "./schema-compilers.js";
import { SWAGGER_UI } from "./swagger-ui.js";

declare module "fastify" {
  interface FastifyInstance {
    /**
     * A second app that documents this one. Its `swagger()` returns the OpenAPI 3.1 document, made from the routes'
     * schemas; its routes below /docs are Swagger UI. The first call builds it, because its packages would take a
     * seventh of the memory and of the start-up time. Call it after `ready()` of this app.
     */
    documentation: () => Promise<FastifyInstance>;
  }
}

const DESCRIPTION = `One service issues, validates and revokes your application's JWTs, however a user logged in.
Backends call \`POST /mint\`, services verify signatures locally with \`GET /.well-known/jwks.json\`, and a logout
is in effect when it is answered. Errors are \`{ "error", "error_description" }\` with OAuth's registered codes.

The first steps: register an application (\`POST /clients\`), authenticate as \`clientBasic\` with its
\`client_id\` and \`client_secret\`, mint a token, authenticate as \`accessToken\` with it, and call
\`GET /userinfo\` and \`POST /logout\`.`;

const documentOptions = (publicUrl: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Authflow",
      version: "0.1.0",
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    // Relative, so that it is correct under any host name at which /docs is opened.
    servers: [{ url: new URL(publicUrl).pathname }],
    tags: [
      { name: "clients", description: "The first step: register your application" },
      { name: "tokens", description: "Issue, use and revoke tokens" },
      { name: "login", description: "Log users in through identity providers" },
      { name: "revocations", description: "Revoke tokens, and follow revocations" },
      { name: "discovery", description: "Public keys and status lists for verifiers" },
      { name: "operators", description: "Clients and signing keys, with the operator's token" },
      { name: "operation", description: "Health" },
    ],
    components: {
      securitySchemes: {
        accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A token of this issuer" },
        clientBasic: { type: "http", scheme: "basic", description: "client_id and client_secret" },
        adminToken: { type: "http", scheme: "bearer", description: "AUTHFLOW_ADMIN_TOKEN" },
        registrationToken: {
          type: "http",
          scheme: "bearer",
          description: "AUTHFLOW_REGISTRATION_TOKEN, if AUTHFLOW_REGISTRATION=token",
        },
      },
    },
  },
  transformObject: (made) => completed("openapiObject" in made ? made.openapiObject : {}),
  refResolver: {
    buildLocalReference: (json, _base, _fragment, i) => (typeof json.$id === "string" ? json.$id : `def-${i}`),
  },
});

export default fp(async (app) => {
  const routes: RouteOptions[] = [];
  app.addHook("onRoute", (route) => {
    if (route.method !== "HEAD" && route.schema?.hide !== true) routes.push(route);
  });
  let documentation: Promise<FastifyInstance> | undefined;
  app.decorate("documentation", () => (documentation ??= describe(app, routes)));
  app.addHook("onClose", async () => { await documentation?.then((one) => one.close(), () => undefined); });
}, { name: "openapi" });

async function describe(app: FastifyInstance, routes: RouteOptions[]): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] =
    await Promise.all([import("@fastify/swagger"), import("@fastify/swagger-ui")]);
  const documentation = Fastify({ schemaController });
  for (const schema of Object.values(app.getSchemas())) documentation.addSchema(schema);
  await documentation.register(swagger, documentOptions(app.config.publicUrl));
  for (const { method, url, schema } of routes)
    documentation.route({ method, url, ...(schema && { schema }), handler: async () => undefined });
  await documentation.register(swaggerUi, SWAGGER_UI);
  await documentation.ready();
  return documentation;
}
