import fp from "fastify-plugin";
import { ClientCache } from "../../src/clients/cache.js";
import { PermissionUses } from "../../src/clients/permission-uses.js";
import { ClientRegistry } from "../../src/clients/registry.js";

declare module "fastify" {
  interface FastifyInstance { clients: ClientRegistry; clientCache: ClientCache; permissionUses: PermissionUses }
}

export default fp(async (app) => {
  const { clock, database: { clients: store }, installation } = app;
  app.decorate("clientCache", new ClientCache({ store, clock, revision: installation.clientRevision }));
  app.decorate("permissionUses", new PermissionUses({ store: app.database.permissionUses, clock }));
  app.onHistoryChange(({ clientRevision }) => { app.clientCache.clear(clientRevision); });
  const rules = {
    get idTokenAlgorithms() { return app.keys.algorithms; },
    isLocal: app.config.loopback,
  };
  app.decorate("clients", new ClientRegistry({ store, clock, cache: app.clientCache, rules }));
}, { name: "clients", dependencies: ["database", "keys"] });
