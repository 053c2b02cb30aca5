import Sqlite from "libsql";
import pg from "pg";

const TABLES = ["_prisma_migrations", "installation", "signing_keys", "former_keys", "clients", "revocation_log",
  "revocation_log_head"];

/** Everything the database holds, to be compared with what it held before. */
export async function dump(url: string): Promise<Record<string, unknown[]>> {
  const content: Record<string, unknown[]> = {};
  if (url.startsWith("file:")) {
    const db = new Sqlite(url.slice("file:".length));
    for (const table of TABLES) content[table] = db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all();
    db.close();
    return content;
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const table of TABLES) content[table] = (await client.query(`SELECT * FROM ${table} ORDER BY 1`)).rows;
  await client.end();
  return content;
}
