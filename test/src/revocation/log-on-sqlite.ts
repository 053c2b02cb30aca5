import { openDatabase } from "../../../src/stores/prisma/database.js";
import type { RevocationLog } from "../../../src/revocation/log.js";
import { run } from "../../contracts/dialects.js";
import { migratedSqlite, type Suite } from "../../support/services.js";

/** A log of the test's own, as two replicas reach it. */
export async function logOnSqlite(t: Suite) {
  const url = await migratedSqlite(t);
  const [one, two] = [await openDatabase(url), await openDatabase(url)];
  t.teardown(async () => { await one.close(); await two.close(); });
  return {
    url,
    log: one.revocations,
    other: two.revocations,
    replicas: one.replicas,
    /** The database as a backup held it when `position` was the last one. */
    restore: async (position: number): Promise<void> => {
      await run(url, `DELETE FROM revocation_log WHERE position > ${position}`);
      await run(url, `UPDATE revocation_log_head SET position = ${position}`);
    },
  };
}

type Method = keyof RevocationLog;

/** The same log; `before` and `after` run around each call, and may throw in its place. */
export function intercepted(
  log: RevocationLog,
  { before = () => undefined, after = () => undefined }:
  { before?: (method: Method) => unknown; after?: (method: Method) => unknown },
): RevocationLog {
  const methods = Object.entries(log) as [Method, (...args: unknown[]) => Promise<unknown>][];
  return Object.fromEntries(methods.map(([name, method]) => [name, async (...args: unknown[]) => {
    await before(name);
    const answer = await method(...args);
    await after(name);
    return answer;
  }])) as unknown as RevocationLog;
}
