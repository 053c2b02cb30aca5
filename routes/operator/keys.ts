import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { presentKey } from "../../src/keys/presentation.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { KeyList, KeyPath } from "../schemas/operator/keys.js";

const common = { tags: ["operators"], security: [{ adminToken: [] }] as Security };

const adminKeys: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook("preParsing", app.operatorOnly);
  const list = () => ({ keys: app.keys.keys.map(presentKey) });

  app.get("/keys", {
    schema: {
      ...common, operationId: "listKeys", summary: "List the signing keys",
      response: { 200: { ...ref(KeyList), description: "The keys" }, ...errors(400, 401, 403, 429) },
    },
  }, async () => list());

  app.post("/keys/rotate", {
    schema: {
      ...common, operationId: "rotateKeys", summary: "Publish the next signing key",
      description: "Authflow signs with it from `activates_at` on, when all verifiers have fetched it. If a key is " +
        "already staged, nothing changes.",
      response: {
        200: { ...ref(KeyList), description: "The keys as they are now" },
        ...errors(400, 401, 403, 413, 415, 429, 503),
      },
    },
  }, async () => {
    await app.keys.rotate();
    return list();
  });

  app.post("/keys/:kid/revoke", {
    schema: {
      ...common, operationId: "revokeKey", summary: "Revoke a signing key and every token that it signed",
      description: "For a compromised key. It is removed from the JWKS and can't be imported again. If it was the " +
        "active key, the staged key or a new key becomes active. On 503 repeat the call.",
      params: KeyPath,
      response: {
        200: { ...ref(KeyList), description: "The keys as they are now" },
        ...errors(400, 401, 403, 404, 413, 415, 429, 503),
      },
    },
  }, async ({ params: { kid } }) => {
    await app.keys.revoke(kid);
    await app.revocations.revokeKey(kid);
    return list();
  });
};
export default adminKeys;
