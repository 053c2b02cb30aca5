import { randomBytes } from "node:crypto";
import { postgresServer } from "./servers.js";
import { postgres, type Suite } from "./services.js";
import { rowsOf } from "./sql.js";

/** The URL of a new, empty database that belongs to a new role; the role's sessions begin with `settings`. */
export async function ownedPostgres(t: Suite, settings: Record<string, string> = {}): Promise<string | undefined> {
  const url = await postgres(t);
  if (url === undefined) return undefined;
  const [server, own] = [postgresServer(), new URL(url)];
  const [role, password, database] =
    [`authflow_test_${randomBytes(6).toString("hex")}`, randomBytes(12).toString("hex"), own.pathname.slice(1)];
  await rowsOf(server, `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
  t.teardown(async () => {
    await rowsOf(server, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await rowsOf(server, `DROP ROLE ${role}`);
  });
  await rowsOf(server, `ALTER DATABASE ${database} OWNER TO ${role}`);
  for (const [name, value] of Object.entries(settings)) {
    await rowsOf(server, `ALTER ROLE ${role} SET ${name} = ${value}`);
  }
  [own.username, own.password] = [role, password];
  return own.href;
}
