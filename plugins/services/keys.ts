import fp from "fastify-plugin";
import { localKeyEncryptionKey } from "../../src/keys/key-encryption-key.js";
import { KeyRing } from "../../src/keys/key-ring.js";
import { scheduleOf } from "../../src/keys/rotation.js";
import { localSigners } from "../../src/keys/signers/local.js";

declare module "fastify" {
  interface FastifyInstance {
    keys: KeyRing;
    /** The first one seals. */
    keyEncryptionKeys: readonly [Buffer, ...Buffer[]];
  }
}

export default fp(async (app) => {
  const { keyEncryptionKey, formerKeyEncryptionKeys, dataDir, signingKey } = app.config;
  const kek = keyEncryptionKey ?? localKeyEncryptionKey(dataDir);
  const keks: readonly [Buffer, ...Buffer[]] = [kek, ...formerKeyEncryptionKeys];
  const { keyRotation, verifierCache, tokenTtlMax, importedTokenTtlMax, signingAlgorithm } = app.config;
  const ring = await KeyRing.open({
    store: app.database.keys,
    signers: localSigners(keks),
    clock: app.clock,
    schedule: scheduleOf(keyRotation, verifierCache, tokenTtlMax, signingAlgorithm),
    imported: signingKey && { ...signingKey, longestTtl: importedTokenTtlMax },
  });
  if (await ring.importedIsRevoked()) {
    app.log.error("The imported signing key was revoked and will never sign again: remove it from the settings");
  } else if (ring.importedIsRetired) {
    app.log.warn("The imported signing key has been replaced and does not sign: remove it from the settings, or, to " +
      "sign with it again, import it under a new JWT_KEY_ID");
  }
  app.onHistoryChange(() => ring.refresh());
  app.decorate("keys", ring);
  app.decorate("keyEncryptionKeys", keks);
}, { name: "keys", dependencies: ["database"] });
