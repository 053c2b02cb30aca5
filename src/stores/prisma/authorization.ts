import type { Consent, ConsentStore } from "../../authorization/consents.js";
import type { PushedRequestStore, RequestParameters } from "../../authorization/pushed-requests.js";
import type { Db, Json } from "./db.js";
import { deleteExpired } from "./expired.js";
import type { Consent as ConsentRow } from "./generated/sqlite/client.js";
import { replaceNul, storable } from "./text.js";

export function pushedRequestStore(db: Db): PushedRequestStore {
  const { pushedRequest: requests } = db.prisma;
  return {
    insert: async ({ uriHash, clientId, parameters, expiresAt }) => {
      const data = { uriHash, clientId, parameters: storable(parameters) as Json, expiresAt: new Date(expiresAt) };
      await requests.create({ data });
    },
    find: async (uriHash) => {
      const row = await requests.findFirst({ where: { uriHash } });
      return row && { ...row, parameters: row.parameters as RequestParameters, expiresAt: row.expiresAt.getTime() };
    },
    use: async (uriHash) => (await requests.deleteMany({ where: { uriHash } })).count === 1,
    sweep: (before, limit) => deleteExpired(db, "pushed_requests", before, limit),
  };
}

export function consentStore({ prisma: { consent: consents } }: Db): ConsentStore {
  return {
    find: async (sub, clientId) => {
      const where = { sub: replaceNul(sub), clientId: replaceNul(clientId) };
      return (await consents.findMany({ where })).map(toConsent);
    },
    ofSubject: async (sub) => (await consents.findMany({ where: { sub: replaceNul(sub) } })).map(toConsent),
    save: async (sub, { clientId, resource, scopes, grantedAt }) => {
      const said = { scope: scopes.join(" "), grantedAt: BigInt(grantedAt) };
      const key = { sub, clientId, resource };
      await consents.upsert({ where: { sub_clientId_resource: key }, create: { ...key, ...said }, update: said });
    },
    delete: async (sub, clientId) =>
      (await consents.deleteMany({ where: { sub: replaceNul(sub), clientId: replaceNul(clientId) } })).count > 0,
  };
}

const toConsent = ({ clientId, resource, scope, grantedAt }: ConsentRow): Consent =>
  ({ clientId, resource, scopes: scope.split(" ").filter((one) => one !== ""), grantedAt: Number(grantedAt) });
