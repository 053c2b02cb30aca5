// `npm run check` runs every check except the tests, one for each processor at a time. Exits 1 if any of them fails.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";

/** Scripts of package.json, the slowest first. */
const CHECKS = ["lint", "typecheck", "migrations:check", "openapi:check", "docs:check"];
const root = resolve(import.meta.dirname, "..");

async function check(name) {
  const start = performance.now();
  const child = spawn("npm", ["run", "--silent", name], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { output += chunk; });
  const code = await new Promise((done) => { child.once("error", () => done(-1)).once("close", done); });
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (code === 0) return;
  console.log(output.trim().replace(/^/gm, "       "));
  process.exitCode = 1;
}

const queue = [...CHECKS];
await Promise.all(Array.from({ length: Math.min(availableParallelism(), CHECKS.length) }, async () => {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await check(name);
}));
