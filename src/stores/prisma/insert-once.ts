import type { Db } from "./db.js";

/**
 * Inserts a row unless its key is there. Resolves to whether it did: of concurrent callers, on any replica, only the
 * first one inserts it, and the others wait for its transaction. `table` and the columns never come from a request.
 */
export async function insertOnce(
  { prisma, postgres }: Db,
  table: "finished_logins" | "login_challenges" | "used_values",
  row: Readonly<Record<string, string | Date | null>>,
): Promise<boolean> {
  const [columns, values] = [Object.keys(row), Object.values(row)];
  const places = columns.map((_column, index) => (postgres ? `$${index + 1}` : "?"));
  return await prisma.$executeRawUnsafe(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places.join(", ")}) ON CONFLICT DO NOTHING`,
    ...values) === 1;
}
