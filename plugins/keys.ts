import fp from "fastify-plugin";
import { localKeyEncryptionKey } from "../src/keys/key-encryption-key.js";
import { KeyRing } from "../src/keys/key-ring.js";

declare module "fastify" {
  interface FastifyInstance { keys: KeyRing }
}

export default fp(async (app) => {
  const { keyEncryptionKey, dataDir, signingKey } = app.config;
  app.decorate("keys", await KeyRing.open({
    store: app.database.keys,
    kek: keyEncryptionKey ?? localKeyEncryptionKey(dataDir),
    clock: app.clock,
    imported: signingKey,
  }));
}, { name: "keys", dependencies: ["database"] });
