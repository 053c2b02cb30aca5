import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** What bash prints when it runs `script`; throws, with what it complained about, where that fails. */
export async function bash(script: string, env: Record<string, string> = {}, cwd?: string): Promise<string> {
  const options = { cwd, env: { PATH: process.env.PATH, ...env } };
  const { stdout } = await execute("bash", ["-euo", "pipefail", "-c", script], options);
  return stdout;
}
