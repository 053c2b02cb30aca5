import { randomBytes } from "node:crypto";
import { postgresServer } from "./servers.js";
import { postgres, type Suite } from "./services.js";
import { administer } from "./templates.js";

/** The URL of a new, empty database that belongs to a new role; the role's sessions begin with `settings`. */
export async function ownedPostgres(t: Suite, settings: Record<string, string> = {}): Promise<string | undefined> {
  const url = await postgres(t);
  if (url === undefined) return undefined;
  const [server, own] = [postgresServer(), new URL(url)];
  const [role, password, database] =
    [`authflow_test_${randomBytes(6).toString("hex")}`, randomBytes(12).toString("hex"), own.pathname.slice(1)];
  await administer(server, `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
  t.teardown(async () => {
    await administer(server, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await administer(server, `DROP ROLE ${role}`);
  });
  await administer(server, `ALTER DATABASE ${database} OWNER TO ${role}`);
  for (const [name, value] of Object.entries(settings)) {
    await administer(server, `ALTER ROLE ${role} SET ${name} = ${value}`);
  }
  [own.username, own.password] = [role, password];
  return own.href;
}
