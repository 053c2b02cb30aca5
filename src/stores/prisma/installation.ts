import { randomUUID } from "node:crypto";
import type { Installation, InstallationStore } from "../../shared/installation.js";
import type { Db, Transaction } from "./db.js";
import { isUnsupported } from "./driver-errors.js";

/**
 * Names the history of commits that this server continues. A standby that is promoted, and a server that recovers from
 * a backup, begin a new timeline of the write-ahead log.
 */
const HISTORY = `CASE WHEN NOT pg_is_in_recovery() THEN concat_ws('.', (pg_control_system()).system_identifier,
  (SELECT oid FROM pg_database WHERE datname = current_database()),
  left(pg_walfile_name(pg_current_wal_lsn()), 8)) END`;

export function installationStore({ prisma, postgres }: Db): InstallationStore {
  // A whole number: how PostgreSQL writes another depends on extra_float_digits, which a pooler does not let us set.
  const now = postgres ? "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)" : "NULL";
  let history = postgres ? HISTORY : "NULL";
  const select = async (): Promise<Installation | undefined> => {
    const [row] = await prisma.$queryRawUnsafe<(Installation & { now: bigint | null })[]>(`
      SELECT uuid AS id, client_revision AS "clientRevision", ring_revision AS "ringRevision", ${now} AS now,
        ${history} AS history
      FROM installation WHERE id = 1`);
    return row && { ...row, now: row.now === null ? null : Number(row.now) };
  };
  const read = (): Promise<Installation | undefined> => select().catch((error: unknown) => {
    if (history !== HISTORY || !isUnsupported(error)) throw error;
    history = "NULL";
    return select();
  });
  return {
    load: async () => {
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
