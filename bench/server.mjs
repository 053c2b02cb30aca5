import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds. */
const START_TIMEOUT = 30_000;
const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
/** Node's options in `npm start`, and the variables that it sets. */
const FLAGS = scripts.start.split(" ").filter((word) => word.startsWith("--"));
const VARIABLES = Object.fromEntries([...scripts.start.matchAll(/\b([A-Z_]+)=(\S+)/g)].map(([, ...pair]) => pair));

/**
 * Starts the built server as in production, and waits until GET `until` answers 200. Its log goes to the null device:
 * the measurement includes writing the log, but not storing it. `log`: another target, as for child_process.
 */
export async function startServer(entry, env, { port: wanted, until = "/health/ready", log = "ignore" } = {}) {
  const port = wanted ?? await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = performance.now();
  const child = spawn(process.execPath, [...FLAGS, entry], {
    env: {
      ...VARIABLES, PATH: process.env.PATH, HOST: "127.0.0.1", PORT: String(port), AUTHFLOW_PUBLIC_URL: url, ...env,
    },
    stdio: ["ignore", log, "inherit"],
  });
  while (!await answers(url + until)) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}`);
    if (performance.now() - start > START_TIMEOUT) throw new Error("The server did not become ready");
    await sleep(5);
  }
  return { url, port, pid: child.pid, startUp: (performance.now() - start) / 1000, stop: () => stop(child) };
}

export function stop(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve();
    child.once("exit", resolve).kill("SIGTERM");
  });
}

const answers = (url) => fetch(url).then(({ ok }) => ok, () => false);

export function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => { resolve(port); });
    });
  });
}
