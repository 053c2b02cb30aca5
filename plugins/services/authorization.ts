import fp from "fastify-plugin";
import { AuthorizationService } from "../../src/authorization/authorization-service.js";
import { ConsentService } from "../../src/authorization/consent-service.js";
import { PushedRequests } from "../../src/authorization/pushed-requests.js";
import { invalidRequest } from "../../src/shared/errors.js";

declare module "fastify" {
  interface FastifyInstance {
    authorization: AuthorizationService;
    pushedRequests: PushedRequests;
    consents: ConsentService;
  }
}

export default fp(async (app) => {
  const { clients, clock, sessions, logins, providers, database, config, tokenVerifier } = app;
  const pushed = new PushedRequests({ store: database.pushedRequests, clock });
  app.decorate("pushedRequests", pushed);
  app.decorate("consents", new ConsentService({ consents: database.consents, clients, revocations: app.revocations }));
  app.decorate("authorization", new AuthorizationService({
    clients, uses: app.permissionUses, sessions, logins, finisher: app.authorizationFinisher, pushed,
    response: app.authorizationResponse, providers, clock, publicUrl: config.publicUrl,
    rules: {
      selfRegistered: config.selfRegistered,
      requirePkce: config.requirePkce,
      subjectOfHint: async (hint, client) => {
        const sub = await tokenVerifier.subjectOfIdToken(hint, client.id);
        if (sub === undefined) throw invalidRequest("id_token_hint is no ID token that this client got here");
        return sub;
      },
    },
  }));
}, { name: "authorization", dependencies: ["clients", "sessions", "logins", "providers", "database", "tokens"] });
