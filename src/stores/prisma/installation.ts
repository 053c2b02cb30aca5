import { randomUUID } from "node:crypto";
import { STANDBY } from "../../revocation/log.js";
import type { Installation, InstallationStore } from "../../shared/installation.js";
import type { Db, Transaction } from "./db.js";
import { completeLog } from "./revocation-log.js";

export function installationStore({ prisma, postgres, history }: Db): InstallationStore {
  // A whole number: how PostgreSQL writes another depends on extra_float_digits, which a pooler does not let us set.
  const now = postgres ? "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)" : "NULL";
  const read = async (): Promise<Installation | undefined> => {
    const [row] = await prisma.$queryRawUnsafe<(Installation & { now: bigint | null })[]>(`
      SELECT uuid AS id, client_revision AS "clientRevision", ring_revision AS "ringRevision", ${now} AS now,
        ${await history()} AS history
      FROM installation WHERE id = 1`);
    return row && {
      ...row,
      now: row.now === null ? null : Number(row.now),
      history: row.history === STANDBY ? null : row.history,
    };
  };
  return {
    load: async () => {
      await completeLog({ prisma, postgres });
      const found = await read();
      if (found !== undefined) return found;
      await createInstallation(prisma);
      const created = await read();
      if (created === undefined) throw new Error("The row of the table installation was deleted: start Authflow again");
      return created;
    },
    find: read,
  };
}

/** Of concurrent callers, the first one sets the installation's id. */
export async function createInstallation(tx: Transaction): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO installation (id, uuid, client_revision, ring_revision) VALUES (1, ${randomUUID()}, 0, 0)
    ON CONFLICT (id) DO NOTHING`;
}
