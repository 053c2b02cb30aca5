import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { digest, sameDigest } from "../../src/shared/digest.js";
import { accessDenied, invalidToken, missingToken } from "../../src/shared/errors.js";

type Guard = (request: FastifyRequest) => Promise<void>;
declare module "fastify" {
  interface FastifyInstance {
    /** Guard: the operator's token. */
    operatorOnly: Guard;
    /** Guard: whoever AUTHFLOW_REGISTRATION lets register, and the operator always. */
    mayRegister: Guard;
  }
}

export default fp(async (app) => {
  const { adminToken, registrationToken, registration } = app.config;
  app.decorate("operatorOnly", async ({ headers }) => {
    if (adminToken === undefined) throw accessDenied("The operators' endpoints are off: set AUTHFLOW_ADMIN_TOKEN");
    demand(headers.authorization, [adminToken]);
  });
  app.decorate("mayRegister", async ({ headers }) => {
    if (registration === "open") return;
    const accepted = registration === "closed" ? [adminToken] : [registrationToken, adminToken];
    if (registration === "closed" && adminToken === undefined)
      throw accessDenied("Registration is closed: ask the operator for a client");
    demand(headers.authorization, accepted);
  });
}, { name: "operator" });

function demand(authorization: string | undefined, accepted: (string | undefined)[]): void {
  if (authorization === undefined) throw missingToken("This needs a token: Authorization: Bearer <token>");
  const presented = digest(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "");
  // Digests have one length, and every candidate is compared: the time tells neither which one nor how far it matched.
  const matches = accepted.map((token) => token !== undefined && sameDigest(digest(token), presented));
  if (!matches.includes(true)) throw invalidToken("The token is not one that allows this");
}
