import fp from "fastify-plugin";
import { SessionService } from "../../src/sessions/session-service.js";

declare module "fastify" {
  interface FastifyInstance { sessions: SessionService }
}

export default fp(async (app) => {
  const { clock, revocationState: state, database: { sessions: store }, config } = app;
  const { sessionTtl: ttl, sessionIdleTtl: idleTtl } = config;
  app.decorate("sessions", new SessionService({ store, state, clock, ttl, idleTtl }));
}, { name: "sessions", dependencies: ["clock", "database", "revocation"] });
