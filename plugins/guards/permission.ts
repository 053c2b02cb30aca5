import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Client } from "../../src/clients/client.js";
import { type Ability, requirePermission } from "../../src/clients/permissions.js";

declare module "fastify" {
  interface FastifyInstance {
    /** Guard: a client that has this permission, whatever its reach. */
    clientWith: (ability: Ability) => Guard;
    /** Guard: the operator's token where the request has a bearer token, else as `clientWith`. */
    operatorOrClientWith: (ability: Ability) => Guard;
  }
}
type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export default fp(async (app) => {
  app.decorate("clientWith", (ability) => async (request, reply) => {
    await app.authenticateClient(request, reply);
    const client = request.client as Client;
    app.permissionUses.note(client.id, requirePermission(client, ability));
  });
  app.decorate("operatorOrClientWith", (ability) => {
    const clientWith = app.clientWith(ability);
    return (request, reply) => /^Bearer\b/i.test(request.headers.authorization ?? "")
      ? app.operatorOnly(request)
      : clientWith(request, reply);
  });
}, { name: "permission", dependencies: ["clients", "client-authentication", "operator"] });
