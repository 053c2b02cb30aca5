import { spawn } from "node:child_process";
import { until } from "../e2e/support.js";
import { endedWith, opensAt } from "./process.js";
import type { Suite } from "./services.js";

interface Surroundings { env?: NodeJS.ProcessEnv; cwd?: string }

/** Runs a program until it listens at `port`. It ends with the test. Resolves to what returns its output so far. */
export async function startListening(
  t: Suite,
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  port: number,
  surroundings: Surroundings = {},
): Promise<() => string> {
  const child = spawn(program, args, { ...surroundings, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => { output += String(chunk); });
  const end = endedWith(t, child);
  t.teardown(() => end("SIGTERM"));
  await until(`${name} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${output}`);
    return opensAt(port);
  });
  return () => output;
}
