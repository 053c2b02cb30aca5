import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { until } from "../e2e/support.js";
import { freePort } from "./ports.js";
import { endedWith } from "./process.js";
import { missing, type Suite } from "./services.js";
import { administer } from "./templates.js";

export interface PrivatePostgres {
  url: string;
  /** Ends it as a crash of its machine would, and starts it again on the same port with its data. */
  restart(): Promise<void>;
  /** A standby that has what was committed until now, promoted: as after a failover that lost what comes later. */
  promotedCopy(): Promise<string>;
}

const DEBIAN = "/usr/lib/postgresql";

/**
 * A PostgreSQL of the test's own, which it may break. It refuses to run as root: then it runs as the user postgres.
 * `env` is added to its environment.
 */
export async function privatePostgres(
  t: Suite,
  env: Record<string, string> = {},
): Promise<PrivatePostgres | undefined> {
  const bin = binaries();
  const user = process.getuid?.() === 0 ? account("postgres") : {};
  if (bin === undefined || user === undefined) return missing(t, "PostgreSQL's programs (initdb, postgres)");
  const folder = mkdtempSync(join(tmpdir(), "authflow-postgres-"));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid as number);
  const options = ["--pgdata", folder, "--username", "postgres", "--auth", "trust", "--no-sync"];
  execFileSync(join(bin, "initdb"), options, { ...user, stdio: "ignore" });
  const port = await freePort();
  const urlOf = (port: number): string => `postgres://postgres@127.0.0.1:${port}/postgres`;
  const url = urlOf(port);
  const startIn = async (data: string, port: number): Promise<ReturnType<typeof endedWith>> => {
    const settings = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`];
    const child = spawn(join(bin, "postgres"), ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
      { ...user, stdio: "ignore", env: { ...process.env, ...env } });
    const end = endedWith(t, child);
    await until("PostgreSQL answers", async () => {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode} while starting`);
      return answers(urlOf(port));
    });
    return end;
  };
  let end = await startIn(folder, port);
  t.teardown(async () => {
    await end("SIGQUIT");
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    url,
    restart: async () => {
      await end("SIGQUIT"); // "immediate": without a checkpoint, so that it has to recover
      end = await startIn(folder, port);
    },
    promotedCopy: async () => {
      const [data, port] = [join(folder, "copy"), await freePort()];
      execFileSync(join(bin, "pg_basebackup"), ["--dbname", url, "--pgdata", data, "--checkpoint", "fast", "--no-sync"],
        { ...user, stdio: "ignore" });
      writeFileSync(join(data, "standby.signal"), "");
      await startIn(data, port);
      await administer(urlOf(port), "SELECT pg_promote()"); // waits until it has happened
      return urlOf(port);
    },
  };
}

function binaries(): string | undefined {
  try {
    const [version] = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    return version && join(DEBIAN, version, "bin");
  } catch {
    return undefined;
  }
}

/** Whom a program that refuses to run as root can run as; undefined if there is no such user. */
export function account(name: string): { uid?: number; gid?: number } | undefined {
  try {
    const id = (flag: string): number => Number(execFileSync("id", [flag, name]).toString());
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on("error", () => undefined);
  return client.connect().then(() => client.end()).then(() => true, () => false);
}
