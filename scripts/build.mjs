// `node scripts/build.mjs` builds Prisma's clients and dist/, if their sources have changed (it does not check types);
// `node scripts/build.mjs generate` builds Prisma's clients only. Each output folder has a stamp with two hashes: one
// of its sources, one of its contents. The stamp is written last, so that an output is built again if its build failed
// or if its contents were changed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { bundle } from "./bundle.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const STAMP = ".stamp.json";
/** On the same file system as dist/, because a folder is renamed from here. */
const WORK = join(ROOT, ".build");
const LOCK = join(WORK, "lock");
const DIALECTS = ["sqlite", "postgresql"];
/** The list of installed packages; without it, the list of packages to install. */
const INSTALLED = ["node_modules/.package-lock.json", "package-lock.json"];
const require = createRequire(join(ROOT, "package.json"));
const running = new Set();

/** All files below `paths`, without stamps. A path may also be a file, or not exist. */
const filesOf = (paths) => paths.flatMap((path) => {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return existsSync(path) ? [path] : [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name !== STAMP)
    .map((entry) => join(entry.parentPath, entry.name));
}).sort();

/** A hash of `seed` and of the files' contents and names; names are relative to `base`. */
function hashOf(base, paths, seed = "") {
  const hash = createHash("sha256").update(`${seed}\0`);
  for (const file of filesOf(paths)) {
    const content = readFileSync(file);
    hash.update(`${relative(base, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

const inRoot = (paths) => paths.map((path) => join(ROOT, path));
const contentHash = (folder) => hashOf(folder, [folder]);

function isCurrent(folder, sources) {
  try {
    const stamp = JSON.parse(readFileSync(join(folder, STAMP), "utf8"));
    return stamp.sources === sources && stamp.contents === contentHash(folder);
  } catch {
    return false; // no stamp, or an unreadable one
  }
}

function writeStamp(folder, sources) {
  writeFileSync(join(folder, STAMP), JSON.stringify({ sources, contents: contentHash(folder) }));
}

/** Runs a Node program. If it fails, rejects with its output. */
async function run(program, args) {
  const child = spawn(process.execPath, [program, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { output += chunk; });
  const code = await new Promise((done) => { child.once("error", () => done(-1)).once("close", done); });
  running.delete(child);
  if (code !== 0) throw new Error(output.trim() || `${relative(ROOT, program)} ended with ${code}`);
}

async function generate(dialect) {
  const folder = join(ROOT, "src/stores/prisma/generated", dialect);
  const sources = hashOf(ROOT, inRoot(["prisma/models.prisma", `prisma/${dialect}/schema.prisma`, "prisma.config.ts",
    "scripts/build.mjs"]), require("prisma/package.json").version);
  if (isCurrent(folder, sources)) return false;
  rmSync(folder, { recursive: true, force: true });
  await run(join(dirname(require.resolve("prisma/package.json")), "build/index.js"),
    ["generate", "--schema", `prisma/${dialect}`]);
  writeStamp(folder, sources);
  return true;
}

async function compile() {
  const folder = join(ROOT, "dist");
  const sources = hashOf(ROOT, inRoot(["src", "plugins", "routes", "package.json", "tsconfig.json",
    "scripts/build.mjs", "scripts/bundle.mjs",
    INSTALLED.find((path) => existsSync(join(ROOT, path))) ?? "package-lock.json"]));
  if (isCurrent(folder, sources)) return false;
  // The bundle goes to a new folder, so that outputs of deleted sources disappear, and dist/ is never half written.
  const [fresh, previous] = [join(WORK, "dist"), join(WORK, "previous")];
  const clear = () => { for (const one of [fresh, previous]) rmSync(one, { recursive: true, force: true }); };
  clear();
  try {
    await build(bundle(ROOT, fresh));
    writeStamp(fresh, sources);
    if (existsSync(folder)) renameSync(folder, previous);
    renameSync(fresh, folder);
    return true;
  } finally {
    clear();
  }
}

/** Waits until no other build runs in this clone. */
async function lock() {
  mkdirSync(WORK, { recursive: true });
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      process.on("exit", () => { rmSync(LOCK, { force: true }); });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!isAlive(ownerOf(LOCK))) rmSync(LOCK, { force: true });
    else await sleep(100);
  }
}

function ownerOf(file) {
  try { return Number(readFileSync(file, "utf8")); } catch { return 0; }
}

/** `pid` 0 means that the lock file is being written or removed. Signals to 0 go to our own group, so 0 is alive. */
function isAlive(pid) {
  try { return process.kill(pid, 0); } catch (error) { return error.code === "EPERM"; }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {
  for (const child of running) child.kill(signal);
  process.exit(128 + constants.signals[signal]);
});
const start = performance.now();
try {
  await lock();
  const generated = await Promise.all(DIALECTS.map(generate));
  const compiled = process.argv[2] !== "generate" && await compile();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (compiled || generated.includes(true)) console.log(`built in ${seconds} s`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
