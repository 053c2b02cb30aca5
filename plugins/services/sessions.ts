import fp from "fastify-plugin";
import { LastingLogins } from "../../src/sessions/lasting-logins.js";
import { RefreshTokenFamilies } from "../../src/sessions/refresh-token-families.js";
import { RefreshTokenService } from "../../src/sessions/refresh-token-service.js";
import { SessionService } from "../../src/sessions/session-service.js";

declare module "fastify" {
  interface FastifyInstance {
    sessions: SessionService;
    refreshTokenFamilies: RefreshTokenFamilies;
    refreshTokens: RefreshTokenService;
    lastingLogins: LastingLogins;
  }
}

const REUSED = "a refresh token was used again, by somebody who has it or by a faulty client: its login is ended";

/** Logins that last. */
export default fp(async (app) => {
  const { clock, clients, tokens, revocations, revocationState: state, database, config } = app;
  app.decorate("sessions", new SessionService({
    store: database.sessions, state, clock, ttl: config.sessionTtl, idleTtl: config.sessionIdleTtl,
  }));
  const families = new RefreshTokenFamilies({
    store: database.refreshTokens, revocations, state, clock,
    ttl: config.refreshTtl, idleTtl: config.refreshIdleTtl, retry: config.refreshRetry,
  });
  app.decorate("refreshTokenFamilies", families);
  app.decorate("refreshTokens", new RefreshTokenService({
    families, clients, tokens, selfRegistered: config.selfRegistered,
    reused: ({ clientId: client_id, sub, sid }) => { app.log.warn({ client_id, sub, sid }, REUSED); },
  }));
  app.decorate("lastingLogins", new LastingLogins(database, app.logFollower));
}, { name: "sessions", dependencies: ["clock", "clients", "database", "tokens", "revocation"] });
