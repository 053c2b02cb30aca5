import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import fp from "fastify-plugin";

const DESCRIPTION = `One service issues, validates and revokes your application's JWTs, however a user logged in.
Backends call \`POST /mint\`, services verify signatures locally with \`GET /.well-known/jwks.json\`, and a logout
is in effect when it is answered. Errors are \`{ "error", "error_description" }\` with OAuth's registered codes.`;

/** Swagger UI styles itself inline; its script is a file. */
const PAGE_CSP = {
  "default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
  "connect-src": "'self'", "img-src": "'self' data:", "script-src": "'self'", "style-src": "'self' 'unsafe-inline'",
};

/** The OpenAPI 3.1 document, made from the routes' schemas: /openapi.json for programs, /docs for people. */
export default fp(async (app) => {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Authflow",
        version: "0.1.0",
        description: DESCRIPTION,
        license: { name: "MIT", identifier: "MIT" },
      },
      // Relative: right under whatever name a person opened /docs.
      servers: [{ url: new URL(app.config.publicUrl).pathname }],
      tags: [
        { name: "tokens", description: "Issue, use and revoke tokens" },
        { name: "login", description: "Log users in through identity providers" },
        { name: "clients", description: "Registered applications" },
        { name: "revocations", description: "What ended before its time, and how services hear of it" },
        { name: "keys", description: "The signing keys" },
        { name: "discovery", description: "What downstream services read" },
        { name: "operation", description: "Health" },
      ],
      components: {
        securitySchemes: {
          accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A token from POST /mint" },
          clientBasic: { type: "http", scheme: "basic", description: "client_id and client_secret" },
          adminToken: { type: "http", scheme: "bearer", description: "AUTHFLOW_ADMIN_TOKEN" },
          registrationToken: {
            type: "http",
            scheme: "bearer",
            description: "AUTHFLOW_REGISTRATION_TOKEN, where registration is not open",
          },
        },
      },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) => (typeof json.$id === "string" ? json.$id : `def-${i}`),
    },
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: PAGE_CSP,
    uiConfig: { layout: "BaseLayout", tryItOutEnabled: true, displayRequestDuration: true },
  });
}, { name: "openapi" });
