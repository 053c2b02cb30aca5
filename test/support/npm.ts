import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Suite, temporaryFolder } from "./services.js";
import { ROOT } from "./root.js";

export interface NpmProcess {
  output(): string;
  /** To npm alone, as `kill` sends it, or to everything it started too, as a terminal does. Resolves once npm ended. */
  signal(signal: NodeJS.Signals, whom: "npm" | "everybody"): Promise<void>;
}

/**
 * `npm run <script>` in this folder, without the build before it. `env` is the script's whole environment, but for what
 * npm itself needs.
 */
export function startNpm(t: Suite, script: string, env: Record<string, string>): NpmProcess {
  const child = spawn("npm", ["run", script, "--ignore-scripts"], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH, npm_config_cache: temporaryFolder(t), npm_config_update_notifier: "false",
      NODE_DISABLE_COMPILE_CACHE: "1", // npm would make one in TMPDIR, since Node 24
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a process group of its own
  });
  const ended = once(child, "exit");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => { output += chunk.toString(); });
  }
  const killAll = (): void => { send(child, "SIGKILL", "everybody"); };
  process.once("exit", killAll); // a test that runs into its timeout never gets to its teardown
  t.teardown(() => {
    process.off("exit", killAll);
    killAll();
  });
  return {
    output: () => output,
    signal: async (signal, whom) => {
      send(child, signal, whom);
      await ended;
    },
  };
}

function send({ pid }: ChildProcess, signal: NodeJS.Signals, whom: "npm" | "everybody"): void {
  if (pid === undefined) return;
  try {
    process.kill(whom === "npm" ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // all of them ended before
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
