import type { UsedValueStore } from "../../clients/client-assertion.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";

export function usedValueStore(db: Db): UsedValueStore {
  const values = db.postgres ? "$1, $2" : "?, ?";
  return {
    // Of concurrent callers, only the first one inserts the row: the others wait for its transaction.
    accept: async (hash, expiresAt) => await db.prisma.$executeRawUnsafe(
      `INSERT INTO used_values (hash, expires_at) VALUES (${values}) ON CONFLICT DO NOTHING`,
      hash, new Date(expiresAt)) === 1,
    sweep: (before, limit) => deleteExpired(db, "used_values", before, limit),
  };
}
