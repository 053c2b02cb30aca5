import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { freePort } from "./ports.js";
import { binary, missing, type Suite, temporaryFolder } from "./services.js";

export interface PrivateRedis {
  url: string;
  port: number;
  /** The folder with its dump. */
  folder: string;
  /** Starts it again on the same port, with what its last dump holds, and with further arguments. */
  start(...args: string[]): Promise<void>;
  /** Ends it in order, without a dump unless one was asked for by `cli("SAVE")`. */
  stop(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Freezes it: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  flush(): Promise<void>;
  cli(...command: [string, ...string[]]): Promise<unknown>;
}

const READY = "Ready to accept connections";

/** A Redis of the test's own, which it may break. `env`: variables for its process; `args`: of its first start. */
export async function privateRedis(
  t: Suite,
  { env = {}, args = [] }: { env?: Record<string, string>; args?: readonly string[] } = {},
): Promise<PrivateRedis | undefined> {
  const path = binary("redis-server");
  if (path === undefined) return missing(t, "redis-server on the PATH");
  const port = await freePort();
  const folder = temporaryFolder(t);
  let child: ChildProcess;
  const start = async (...more: string[]): Promise<void> => {
    // By default 10000 above the port, which another test may have.
    const bus = more.includes("--cluster-enabled") ? ["--cluster-port", String(await freePort())] : [];
    child = spawn(
      path,
      ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no", ...bus,
        ...more],
      { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] },
    );
    let output = "";
    for await (const chunk of child.stdout ?? []) {
      output += String(chunk);
      if (output.includes(READY)) break;
    }
    child.stdout?.destroy();
    if (!output.includes(READY)) throw new Error(`Redis did not start:\n${output}`);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGCONT");
    child.kill(signal);
    await once(child, "exit");
  };
  const cli = async (...[command, ...args]: [string, ...string[]]): Promise<unknown> => {
    const client = new Redis(port, "127.0.0.1");
    return client.call(command, ...args).finally(() => { client.disconnect(); });
  };
  await start(...args);
  const kill = (): void => { child.kill("SIGKILL"); };
  process.once("exit", kill); // a test that runs into its timeout never gets to its teardown
  t.teardown(async () => {
    await end("SIGKILL");
    process.off("exit", kill);
  });
  return {
    url: `redis://127.0.0.1:${port}`, port, folder, start, cli,
    stop: () => end("SIGTERM"), kill: () => end("SIGKILL"),
    pause: () => { child.kill("SIGSTOP"); }, resume: () => { child.kill("SIGCONT"); },
    flush: async () => { await cli("FLUSHALL"); },
  };
}

/** Resolves once the client is connected. Unlike events.once() it lives through attempts that fail. */
export async function isReady(client: Redis): Promise<void> {
  if (client.status === "ready") return;
  await new Promise<void>((resolve) => { client.once("ready", resolve); });
}
