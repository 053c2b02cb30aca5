import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { until } from "../e2e/support.js";
import { freePort } from "./ports.js";
import { endedWith } from "./process.js";
import { missing, type Suite } from "./services.js";
import { rowsOf } from "./sql.js";

export interface PrivatePostgres {
  url: string;
  port: number;
  /** Its data, which may hold further files. */
  folder: string;
  /** Ends it as a crash of its machine would, and starts it again on the same port with its data. */
  restart(): Promise<void>;
  /** Ends it as a crash of its machine would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Freezes all of its processes: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** One statement. */
  sql(statement: string, database?: string): Promise<unknown>;
  /** Runs one of PostgreSQL's programs against it. */
  program(name: string, ...args: string[]): Promise<unknown>;
  /** Keeps the tables that are made from now on in another folder, a disk of its own. */
  keepTablesAt(folder: string): Promise<void>;
  /** Copies its data. Returns how to replace its data with the copy, as it was then. */
  backUp(): Promise<() => Promise<void>>;
  /** Another server, which replicates this one through `port` until it is promoted. */
  standby(port: number): Promise<PrivatePostgres>;
}

const execute = promisify(execFile);
const DEBIAN = "/usr/lib/postgresql";

interface Account { uid?: number; gid?: number }
interface Programs { bin: string; user: Account; env: NodeJS.ProcessEnv }

/**
 * A PostgreSQL of the test's own, which it may break. It refuses to run as root: then it runs as the user postgres.
 * `env`: variables for its processes.
 */
export async function privatePostgres(
  t: Suite,
  env: Record<string, string> = {},
): Promise<PrivatePostgres | undefined> {
  const bin = binaries();
  const user = process.getuid?.() === 0 ? account("postgres") : {};
  if (bin === undefined || user === undefined) return missing(t, "PostgreSQL's programs (initdb, postgres)");
  const folder = newFolder(t, user);
  const options = ["--pgdata", folder, "--username", "postgres", "--auth", "trust", "--no-sync"];
  execFileSync(join(bin, "initdb"), options, { ...user, stdio: "ignore" });
  return serve(t, folder, { bin, user, env: { ...process.env, ...env } });
}

function newFolder(t: Suite, user: Account): string {
  const folder = mkdtempSync(join(tmpdir(), "authflow-postgres-"));
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }); });
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid as number);
  return folder;
}

/** Starts a server on the data in `folder`. */
async function serve(t: Suite, folder: string, programs: Programs): Promise<PrivatePostgres> {
  const { bin, user, env } = programs;
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`];
  let child: ChildProcess;
  let end: (signal: NodeJS.Signals) => Promise<number | null>;
  const start = async (): Promise<void> => {
    child = spawn(join(bin, "postgres"), ["-D", folder, ...settings.flatMap((setting) => ["-c", setting])],
      { ...user, env, stdio: "ignore" });
    end = endedWith(t, child);
    await until("PostgreSQL answers", async () => {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode} while starting`);
      return answers(url);
    });
  };
  /** PostgreSQL may end one of its processes meanwhile. */
  const toChildren = (signal: NodeJS.Signals): void => {
    for (const pid of childrenOf(child)) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  };
  const resume = (): void => {
    toChildren("SIGCONT");
    child.kill("SIGCONT");
  };
  const kill = async (): Promise<void> => {
    resume();
    await end("SIGQUIT"); // "immediate": it has to recover when it starts
  };
  await start();
  t.teardown(kill);
  /** `withPort`: of the server that it copies. */
  const copyTo = async (target: string, withPort: number, ...more: string[]): Promise<void> => {
    const source = ["--host", "127.0.0.1", "--port", String(withPort), "--username", "postgres"];
    const args = [...source, "--pgdata", target, "--checkpoint=fast", "--no-sync", ...more];
    await execute(join(bin, "pg_basebackup"), args, user); // meanwhile links of this process must work
  };
  return {
    url, port, folder, start, kill,
    restart: async () => {
      await kill();
      await start();
    },
    pause: () => {
      child.kill("SIGSTOP"); // first, so that it starts no other
      toChildren("SIGSTOP");
    },
    resume,
    sql: (statement, database = "postgres") =>
      rowsOf(Object.assign(new URL(url), { pathname: `/${database}` }).href, statement),
    program: (name, ...args) =>
      execute(join(bin, name), ["--host=127.0.0.1", `--port=${port}`, "--username=postgres", ...args]),
    keepTablesAt: async (path) => {
      const tables = join(path, "tables");
      mkdirSync(tables);
      chmodSync(path, 0o755);
      if (user.uid !== undefined) chownSync(tables, user.uid, user.gid as number);
      await rowsOf(url, `CREATE TABLESPACE elsewhere LOCATION '${tables}'`);
      await rowsOf(url, "ALTER SYSTEM SET default_tablespace = 'elsewhere'");
      await rowsOf(url, "SELECT pg_reload_conf()");
    },
    backUp: async () => {
      const copy = newFolder(t, user);
      await copyTo(copy, port);
      return async () => {
        await kill();
        for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
        execFileSync("cp", ["--archive", `${copy}/.`, folder]);
        await start();
      };
    },
    standby: async (withPort) => {
      const copy = newFolder(t, user);
      await copyTo(copy, withPort, "--write-recovery-conf");
      return serve(t, copy, programs);
    },
  };
}

function childrenOf({ pid }: ChildProcess): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, "utf8").split(" ").filter(Boolean).map(Number) : [];
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
export function account(name: string): Account | undefined {
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
