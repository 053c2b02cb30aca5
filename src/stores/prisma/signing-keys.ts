import type { FormerKey, KeyState, KeyStore, StoredKey } from "../../keys/store.js";
import type { Db } from "./db.js";
import type { FormerKey as FormerRow, SigningKey as Row } from "./generated/sqlite/client.js";
import { createInstallation } from "./installation.js";
import { storable } from "./text.js";

const STATES = { staged: "STAGED", active: "ACTIVE", retired: "RETIRED" } as const;

export function signingKeyStore(db: Db): KeyStore {
  const { prisma } = db;
  return {
    load: async () => {
      // The revision first: the keys are then at least as new. If they are newer, a `save` based on them fails.
      const installation = await prisma.installation.findFirst({ where: { id: 1 } });
      const rows = await prisma.signingKey.findMany({ orderBy: [{ createdAt: "asc" }, { kid: "asc" }] });
      return { revision: installation?.ringRevision ?? 0, keys: rows.map(toKey) };
    },

    save: async (expectedRevision, keys, leaving = []) => {
      const rows = storable(keys).map(toRow);
      const formers = storable(leaving).map((key) =>
        ({ ...key, leftAt: new Date(key.leftAt), revokedAt: toDate(key.revokedAt) }));
      return await db.transaction(async (tx) => {
        await createInstallation(tx);
        const updated = await tx.$executeRaw`
          UPDATE installation SET ring_revision = ring_revision + 1
          WHERE id = 1 AND ring_revision = ${expectedRevision}`;
        if (updated === 0) return false;
        await tx.signingKey.deleteMany();
        await tx.signingKey.createMany({ data: rows });
        for (const former of formers) {
          await tx.formerKey.upsert({ where: { kid: former.kid }, create: former, update: former });
        }
        return true;
      });
    },

    former: async () => (await prisma.formerKey.findMany({ orderBy: { kid: "asc" } })).map(toFormerKey),
  };
}

const toInstant = (date: Date | null): number | null => date && date.getTime();
const toDate = (instant: number | null): Date | null => (instant === null ? null : new Date(instant));

function toKey({ state, createdAt, activatedAt, retiredAt, ...texts }: Row): StoredKey {
  return {
    ...texts, state: state.toLowerCase() as KeyState,
    createdAt: createdAt.getTime(), activatedAt: toInstant(activatedAt), retiredAt: toInstant(retiredAt),
  };
}

const toFormerKey = ({ leftAt, revokedAt, ...texts }: FormerRow): FormerKey =>
  ({ ...texts, leftAt: leftAt.getTime(), revokedAt: toInstant(revokedAt) });

function toRow(key: StoredKey): Row {
  const { kid, algorithm, state, publicJwk, sealedPrivateKey, createdAt, activatedAt, retiredAt, longestTtl } = key;
  return {
    kid, algorithm, state: STATES[state], publicJwk, sealedPrivateKey, longestTtl,
    createdAt: new Date(createdAt), activatedAt: toDate(activatedAt), retiredAt: toDate(retiredAt),
  };
}
