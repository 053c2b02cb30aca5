import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { freePort } from "./ports.js";
import { endedWith, SHORT_LIVED } from "./process.js";
import { ROOT } from "./root.js";
import { type Suite, temporaryFolder } from "./services.js";

export const DEMO = join(ROOT, "demo/main.mjs");
const PARTS = ["AUTHFLOW", "APP", "API", "PROVIDER", "LOGIN"];

export interface Demo {
  /** The one that the terminal says to open. */
  url: string;
  /** Where it keeps what it needs while it runs. */
  folder: string;
  env: Record<string, string>;
  output(): string;
  /** Resolves to the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Free ports, under the names that the demo reads. */
export async function demoPorts(): Promise<Record<string, string>> {
  const ports = new Set<number>();
  while (ports.size < PARTS.length) ports.add(await freePort());
  return Object.fromEntries([...ports].map((port, index) => [`DEMO_${PARTS[index] as string}_PORT`, String(port)]));
}

/** `node demo/main.mjs` on ports of its own, as far as the line that names its URL. `more` are further variables. */
export async function startDemo(t: Suite, more: Record<string, string> = {}): Promise<Demo> {
  const folder = temporaryFolder(t);
  const env = { PATH: process.env.PATH ?? "", TMPDIR: folder, ...await demoPorts(), ...more };
  const child = spawn(process.execPath, [...SHORT_LIVED, DEMO], { env, stdio: ["ignore", "pipe", "pipe"] });
  const end = endedWith(t, child);
  const { url, output } = await announced(child);
  return { url, folder, env, output, end };
}

/** The first address in the terminal stands on a line of its own. */
async function announced(child: ChildProcess): Promise<Pick<Demo, "url" | "output">> {
  let text = "";
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const [, found] = /^ +(http\S+)$/m.exec(text) ?? [];
        if (found !== undefined && text.includes("Ctrl-C")) resolve(found);
      });
    }
    child.once("exit", () => { reject(new Error(`The demo ended while starting:\n${text}`)); });
  });
  return { url, output: () => text };
}
