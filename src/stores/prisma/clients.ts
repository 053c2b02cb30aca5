import { isDeepStrictEqual } from "node:util";
import {
  type AuthMethod, type Client, type GrantType, type MintPolicy, type NewClient, type Permission, PERMISSIVE,
  RESPONSE_TYPES, type ResponseType, type StoredSecret,
} from "../../clients/client.js";
import { defaultGrantTypes } from "../../clients/grant-types.js";
import { DEFAULT_PERMISSIONS, PUBLIC_PERMISSIONS } from "../../clients/permissions.js";
import type { ClientStore } from "../../clients/store.js";
import type { Db, Json, Transaction } from "./db.js";
import type { Client as Row } from "./generated/sqlite/client.js";
import { createInstallation } from "./installation.js";
import { replaceNul, storable } from "./text.js";

export function clientStore(db: Db): ClientStore {
  const { prisma } = db;
  return {
    insert: (newClient) => db.transaction((tx) => insert(tx, newClient)),

    insertExpiring: async (newClient, limit) => {
      try {
        return await db.transaction(async (tx) => {
          const client = await insert(tx, newClient);
          const where = { expiresAt: { not: null } };
          if (await tx.client.count({ where }) <= limit) return client;
          const first = await tx.client.findFirst({ where, orderBy: { expiresAt: "asc" } });
          throw new Full(first?.expiresAt?.getTime() ?? 0);
        });
      } catch (error) {
        if (error instanceof Full) return { fullUntil: error.until };
        throw error;
      }
    },

    // Not findUnique, which merges concurrent calls into one query: its duration would depend on the other calls.
    find: async (id) => {
      const row = await prisma.client.findFirst({ where: { id: replaceNul(id), deletedAt: null } });
      return row && toClient(row);
    },

    findAll: async (ids) =>
      (await prisma.client.findMany({ where: { id: { in: ids.map(replaceNul) }, deletedAt: null } })).map(toClient),

    list: async ({ limit, after }) => {
      const where = { deletedAt: null, ...(after !== undefined && { id: { gt: replaceNul(after) } }) };
      return (await prisma.client.findMany({ where, orderBy: { id: "asc" }, take: limit })).map(toClient);
    },

    update: (id, now, change) => unlessAbsent(null, db.transaction(async (tx) => {
      const revision = await raiseRevision(tx);
      const current = toClient(await findPresent(tx, id));
      const given = Object.entries(storable(change(current))).filter(([, value]) => value !== undefined);
      const changed: Client = { ...current, ...Object.fromEntries(given), revision, updatedAt: now };
      if (!isDeepStrictEqual(changed.permissions, current.permissions)) changed.permissionsSince = now;
      await tx.client.update({ where: { id: current.id }, data: toRow(changed) });
      return changed;
    })),

    delete: (id, now) => unlessAbsent(false, db.transaction(async (tx) => {
      const revision = await raiseRevision(tx);
      await findPresent(tx, id);
      const [updatedAt, deletedAt] = [new Date(now), new Date(now)];
      const tombstone = {
        name: "", logoUri: null, redirectUris: [], secrets: [], policy: {}, metadata: {}, disabled: true,
        expiresAt: null,
      };
      await tx.permissionUse.deleteMany({ where: { clientId: id } });
      await tx.client.update({ where: { id }, data: { ...tombstone, revision, updatedAt, deletedAt } });
      return true;
    })),

    sweep: async (before, limit) => {
      const where = { expiresAt: { lte: new Date(before) } };
      if (await prisma.client.findFirst({ where, select: { id: true } }) === null) return 0;
      return db.transaction(async (tx) => {
        await raiseRevision(tx); // waits for an `update`, which may keep the client
        const expired = await tx.client.findMany({ where, select: { id: true }, take: limit });
        const ids = expired.map(({ id }) => id);
        await tx.permissionUse.deleteMany({ where: { clientId: { in: ids } } });
        return (await tx.client.deleteMany({ where: { id: { in: ids } } })).count;
      });
    },

    changedSince: async (revision) => {
      const where = { revision: { gt: revision } };
      const rows = await prisma.client.findMany({ where, orderBy: { revision: "asc" } });
      return rows.map((row) => ({ id: row.id, revision: row.revision, client: row.deletedAt ? null : toClient(row) }));
    },
  };
}

/** Must be the first statement of a transaction: its row lock makes revisions visible in ascending order. */
async function raiseRevision(tx: Transaction): Promise<number> {
  const raise = async () => (await tx.$queryRaw<{ revision: number }[]>`
    UPDATE installation SET client_revision = client_revision + 1 WHERE id = 1
    RETURNING client_revision AS revision`)[0];
  let raised = await raise();
  if (raised === undefined) {
    await createInstallation(tx);
    raised = await raise();
  }
  if (raised === undefined) throw new Error("The row of the table installation was deleted: start Authflow again");
  return raised.revision;
}

async function insert(tx: Transaction, newClient: NewClient): Promise<Client> {
  const client = { ...storable(newClient), revision: await raiseRevision(tx) };
  await tx.client.create({ data: toRow(client) });
  return client;
}

/** Rolls an insertion back. `until`: epoch ms. */
class Full extends Error {
  constructor(readonly until: number) { super(); }
}

class Absent extends Error {}

async function findPresent(tx: Transaction, id: string): Promise<Row> {
  const row = await tx.client.findFirst({ where: { id: replaceNul(id), deletedAt: null } });
  if (row === null) throw new Absent(); // rolls back the raised revision, because nothing changed
  return row;
}

async function unlessAbsent<T, U>(otherwise: U, transaction: Promise<T>): Promise<T | U> {
  try {
    return await transaction;
  } catch (error) {
    if (error instanceof Absent) return otherwise;
    throw error;
  }
}

/**
 * In rows of older versions, both authentication method and response types are null, and policies may lack members. A
 * row that a replica of the version before wrote during an upgrade has no permissions: it gets those of a new client.
 */
function toClient({
  redirectUris, secrets, policy, expiresAt, createdAt, updatedAt, deletedAt: _, tokenEndpointAuthMethod, responseTypes,
  permissions: stored, permissionsSince, grantTypes, metadata, selfRegistered: isSelfRegistered, ...row
}: Row): Client {
  const authMethod = (tokenEndpointAuthMethod ?? "client_secret_basic") as AuthMethod;
  const permissions = (stored?.split(" ")
    ?? [...authMethod === "none" ? PUBLIC_PERMISSIONS : DEFAULT_PERMISSIONS]) as Permission[];
  const types = (responseTypes?.split(" ") ?? [...RESPONSE_TYPES]) as ResponseType[];
  const { jwks = null, jwksUri = null, idTokenAlg = null } = (metadata ?? {}) as Metadata;
  return {
    ...row,
    authMethod,
    grantTypes: (grantTypes?.split(" ").filter(Boolean)
      ?? defaultGrantTypes({ authMethod, permissions, responseTypes: types })) as GrantType[],
    jwks,
    jwksUri,
    idTokenAlg,
    isSelfRegistered,
    permissions,
    permissionsSince: Number(permissionsSince ?? createdAt),
    responseTypes: types,
    redirectUris: redirectUris as string[],
    secrets: secrets as unknown as StoredSecret[],
    policy: { ...PERMISSIVE, ...policy as unknown as Partial<MintPolicy> },
    expiresAt: expiresAt?.getTime() ?? null,
    createdAt: createdAt.getTime(),
    updatedAt: updatedAt.getTime(),
  };
}

type Metadata = Partial<Pick<Client, "jwks" | "jwksUri" | "idTokenAlg">>;

function toRow({
  id, name, logoUri, redirectUris, secrets, authMethod, grantTypes, jwks, jwksUri, idTokenAlg, isSelfRegistered,
  responseTypes, permissions, permissionsSince, policy, disabled, expiresAt, revision, createdAt, updatedAt,
}: Client) {
  return {
    id, name, logoUri, redirectUris, disabled, revision,
    tokenEndpointAuthMethod: authMethod,
    grantTypes: grantTypes.join(" "),
    metadata: { jwks, jwksUri, idTokenAlg } as unknown as Json,
    selfRegistered: isSelfRegistered,
    responseTypes: responseTypes.join(" "),
    permissions: permissions.join(" "),
    permissionsSince: BigInt(permissionsSince),
    secrets: secrets as unknown as Json,
    policy: policy as unknown as Json,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  };
}
