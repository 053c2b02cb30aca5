import fp from "fastify-plugin";
import { ChallengeSealer } from "../../src/login/challenge-sealer.js";
import { LoginChallenges } from "../../src/login/login-challenges.js";
import { loginProviders } from "../../src/providers/table.js";

declare module "fastify" {
  interface FastifyInstance { loginChallenges: LoginChallenges }
}

export default fp(async (app) => {
  const { clients, clock, config, database, keyEncryptionKeys, revocationState: state } = app;
  app.decorate("loginChallenges", new LoginChallenges({
    store: database.loginChallenges, sealer: new ChallengeSealer(keyEncryptionKeys), clients, state, clock,
    loginProviders: loginProviders(config.providers),
  }));
}, { name: "login-challenges", dependencies: ["clock", "database", "keys", "clients", "revocation"] });
