import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "../support/tap.js";
import { freePort } from "../support/ports.js";
import { ROOT } from "../support/root.js";
import { temporaryFolder } from "../support/services.js";
import { execForm, runtime, values } from "./dockerfile.js";

interface Lock { packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }> }

/** What `npm ci --omit=dev` leaves, copied from the full installation: the lock file marks what is for development. */
function installForProduction(app: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as Lock;
  const installed = Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true && existsSync(join(ROOT, path)));
  for (const [path] of installed) {
    const nested = join(ROOT, path, "node_modules");
    cpSync(join(ROOT, path), join(app, path), { recursive: true, filter: (source) => source !== nested });
  }
  return installed.map(([path]) => path.replace(/^node_modules\//, ""));
}

await t.test("the image's commands work on what the image holds", async (t) => {
  const image = temporaryFolder(t);
  const app = join(image, "app");
  mkdirSync(join(image, "data"), { mode: 0o700 });
  mkdirSync(app);
  symlinkSync(join(image, "data"), join(app, "data"));
  for (const path of ["dist", "prisma/migrations", "package.json", "openapi.yaml"]) {
    cpSync(join(ROOT, path), join(app, path), { recursive: true });
  }
  const packages = installForProduction(app);
  const development = ["prisma", "typescript", "tap", "@prisma/schema-engine-wasm", "oxlint", "esbuild"];
  for (const absent of development) t.notOk(packages.includes(absent), `without ${absent}`);

  const port = String(await freePort());
  // With a provider on: what speaks to it is loaded for logins only, and has packages of its own.
  const provider = { GOOGLE_CLIENT_ID: "an-id", GOOGLE_CLIENT_SECRET: "a-secret" };
  const AUTHFLOW_PUBLIC_URL = `http://localhost:${port}`;
  const env = { PATH: process.env.PATH, HOST: "0.0.0.0", PORT: port, AUTHFLOW_PUBLIC_URL, ...provider };
  const [, ...start] = execForm(values(runtime(), "CMD")[0] ?? "");
  const [, ...check] = execForm(values(runtime(), "HEALTHCHECK")[0] ?? "");
  const healthy = (): number | null => spawnSync(process.execPath, check, { cwd: app, env }).status;
  t.equal(healthy(), 1, "unhealthy before it starts");
  const server = spawn(process.execPath, start, { cwd: app, env, stdio: ["ignore", "pipe", "pipe"] });
  t.teardown(() => { server.kill("SIGKILL"); });
  let output = "";
  const collect = (chunk: Buffer): void => { output += chunk.toString(); };
  for (const stream of [server.stdout, server.stderr]) stream.on("data", collect);
  for (let tries = 0; healthy() !== 0; tries++) {
    if (tries > 100 || server.exitCode !== null) throw new Error(`The server did not become healthy:\n${output}`);
    await sleep(200);
  }
  const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
  t.equal(ready.status, 200, "it made its database from the migrations it carries");
  t.ok(existsSync(join(image, "data/authflow.db")), "in /data");
  const program = join(app, "dist/src/cli.js");
  const cli = spawnSync(process.execPath, [program, "keys", "list"], { cwd: app, env, encoding: "utf8" });
  t.match(cli.stdout, /RS256 {2}active/, "the command line works beside it");

  server.kill("SIGTERM");
  const [code] = await once(server, "exit") as [number | null];
  t.equal(code, 0, "it ends on the stop signal");
});
