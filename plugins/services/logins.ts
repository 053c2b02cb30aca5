import fp from "fastify-plugin";
import { Grants } from "../../src/grants/grants.js";
import { AuthorizationCodeService } from "../../src/login/authorization-code-service.js";
import { LoginSealer } from "../../src/login/login-sealer.js";
import { AuthorizationFinisher } from "../../src/authorization/authorization-finisher.js";
import { AuthorizationResponse } from "../../src/login/authorization-response.js";
import { LoginService } from "../../src/login/login-service.js";

declare module "fastify" {
  interface FastifyInstance {
    logins: LoginService;
    authorizationResponse: AuthorizationResponse;
    authorizationFinisher: AuthorizationFinisher;
    authorizationCodes: AuthorizationCodeService;
    grants: Grants;
  }
}

export default fp(async (app) => {
  const { clock, clients, tokens, revocations, providers, database, sessions, config } = app;
  const { publicUrl } = config;
  const codes = new AuthorizationCodeService({
    store: database.authorizationCodes, clients, tokens, revocations, clock, state: app.revocationState,
    statusOf: app.statusOf, families: app.refreshTokenFamilies, selfRegistered: config.selfRegistered,
  });
  app.decorate("authorizationCodes", codes);
  const sealer = new LoginSealer(app.keyEncryptionKeys);
  const response = new AuthorizationResponse(config);
  const standard = new AuthorizationFinisher({
    codes, sessions, consents: database.consents, clients, providers, response, sealer, clock, publicUrl,
  });
  app.decorate("authorizationResponse", response);
  app.decorate("authorizationFinisher", standard);
  app.decorate("logins", new LoginService({
    store: database.finishedLogins, sealer, codes, standard, response, tokens, clients, uses: app.permissionUses,
    providers, clock, publicUrl,
  }));
  app.decorate("grants", new Grants({ codes, tokens, refreshTokens: app.refreshTokens }));
}, { name: "logins", dependencies: ["database", "keys", "clients", "tokens", "revocation", "providers", "sessions"] });
