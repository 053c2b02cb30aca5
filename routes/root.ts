import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ref } from "./schemas/common.js";
import { Service } from "./schemas/root.js";

const schema = {
  operationId: "root",
  security: [],
  tags: ["operation"],
  summary: "What answers here, and where to go on",
  description: "Some load balancers ask this path whether a server lives. It says nothing about the database: " +
    "for that, let them ask `/health/ready`.",
  response: { 200: { ...ref(Service), description: "Authflow answers" } },
};

const root: FastifyPluginAsyncTypebox = async (app) => {
  const { issuer, publicUrl, docs } = app.config;
  const service = {
    service: "authflow" as const, issuer,
    ...(docs && { documentation: `${publicUrl}/docs`, openapi: `${publicUrl}/openapi.json` }),
    openid_configuration: `${publicUrl}/.well-known/openid-configuration`,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`, health: `${publicUrl}/health/ready`,
  };
  app.get("/", { schema, logLevel: "warn" }, async () => service);
};
export default root;
