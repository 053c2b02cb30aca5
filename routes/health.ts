import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ref } from "./schemas/common.js";
import { Health, Readiness } from "./schemas/health.js";

const live = {
  operationId: "live",
  security: [],
  tags: ["operation"],
  summary: "Check whether the process runs",
  response: { 200: { ...ref(Health), description: "The process runs" } },
};
const ready = {
  operationId: "ready",
  security: [],
  tags: ["operation"],
  summary: "Check whether this replica can serve requests",
  response: {
    200: { ...ref(Readiness), description: "This replica serves requests. `parts` may still name a fault of Redis" },
    503: { ...ref(Readiness), description: "The database or the clock is not up: see `parts`" },
  },
};

// Orchestrators poll while the service starts. JSON.stringify answers without the compilation of a serializer.
const options = { logLevel: "warn", serializerCompiler: () => JSON.stringify } as const;

const health: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/health/live", { schema: live, ...options }, async () => ({ status: "up" as const }));
  app.get("/health/ready", { schema: ready, ...options }, async (_request, reply) => {
    const readiness = await app.readiness();
    return reply.code(readiness.status === "up" ? 200 : 503).send(readiness);
  });
};
export default health;
