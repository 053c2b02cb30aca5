import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../e2e/support.js";
import { freePort } from "./ports.js";
import { account } from "./private-postgres.js";
import { endedWith, opensAt } from "./process.js";
import { binary, missing, type Suite } from "./services.js";

/**
 * A PgBouncer of the test's own before the server of `url`, with its default settings except the mode. Resolves to the
 * same URL through it. It refuses to run as root: then it runs as the user postgres.
 */
export async function pgBouncer(
  t: Suite,
  url: string,
  mode: "session" | "transaction" | "statement",
): Promise<string | undefined> {
  const path = binary("pgbouncer") ?? binary("../sbin/pgbouncer");
  const user = process.getuid?.() === 0 ? account("postgres") : {};
  if (path === undefined || user === undefined) return missing(t, "pgbouncer on the PATH");
  const folder = mkdtempSync(join(tmpdir(), "authflow-pgbouncer-"));
  const [through, port] = [new URL(url), await freePort()];
  const { hostname, username, password } = through;
  const [users, settings] = [join(folder, "users.txt"), join(folder, "pgbouncer.ini")];
  writeFileSync(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(settings, `[databases]
* = host=${hostname} port=${through.port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = ${mode}
`);
  if (user.uid !== undefined) for (const it of [folder, users, settings]) chownSync(it, user.uid, user.gid as number);
  const child = spawn(path, ["-q", settings], { ...user, cwd: folder, stdio: "ignore" });
  const end = endedWith(t, child);
  t.teardown(async () => {
    await end("SIGQUIT");
    rmSync(folder, { recursive: true, force: true });
  });
  await until("PgBouncer listens", () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode} while starting`);
    return opensAt(port);
  });
  through.host = `127.0.0.1:${port}`;
  return through.href;
}
