import type { UsedValueStore } from "../../clients/client-assertion.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";
import { insertOnce } from "./insert-once.js";

export const usedValueStore = (db: Db): UsedValueStore => ({
  accept: (hash, expiresAt) => insertOnce(db, "used_values", { hash, expires_at: new Date(expiresAt) }),
  sweep: (before, limit) => deleteExpired(db, "used_values", before, limit),
});
