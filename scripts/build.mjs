// `node scripts/build.mjs` makes Prisma's clients and dist/ anew where something they come from has changed;
// `node scripts/build.mjs generate` makes Prisma's clients only. Each result holds a stamp with two hashes: of all it was
// made from, and of all that was made. The stamp is written last: what failed, or was touched since, is built again.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = resolve(import.meta.dirname, "..");
const STAMP = ".stamp.json";
/** On the same disk as what is moved from there. */
const WORK = join(ROOT, ".build");
const LOCK = join(WORK, "lock");
const DIALECTS = ["sqlite", "postgresql"];
/** What was installed; where that is not recorded, what should be. */
const INSTALLED = ["node_modules/.package-lock.json", "package-lock.json"];
const require = createRequire(join(ROOT, "package.json"));
const running = new Set();

/** All files below `paths`, which may be files themselves, or missing. Stamps are left out. */
const filesOf = (paths) => paths.flatMap((path) => {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return existsSync(path) ? [path] : [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name !== STAMP)
    .map((entry) => join(entry.parentPath, entry.name));
}).sort();

/** A hash of `seed`, and of the names, as seen from `base`, and contents of files. */
function hashOf(base, paths, seed = "") {
  const hash = createHash("sha256").update(`${seed}\0`);
  for (const file of filesOf(paths)) {
    const content = readFileSync(file);
    hash.update(`${relative(base, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

const inRoot = (paths) => paths.map((path) => join(ROOT, path));
const made = (folder) => hashOf(folder, [folder]);

function isCurrent(folder, from) {
  try {
    const stamp = JSON.parse(readFileSync(join(folder, STAMP), "utf8"));
    return stamp.from === from && stamp.made === made(folder);
  } catch {
    return false; // there is none, or none that can be read
  }
}

const writeStamp = (folder, from) => { writeFileSync(join(folder, STAMP), JSON.stringify({ from, made: made(folder) })); };

/** Runs a Node program; rejects with what it wrote where it fails. */
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
  const from = hashOf(ROOT, inRoot(["prisma/models.prisma", `prisma/${dialect}/schema.prisma`, "prisma.config.ts",
    "scripts/build.mjs"]), require("prisma/package.json").version);
  if (isCurrent(folder, from)) return false;
  rmSync(folder, { recursive: true, force: true });
  await run(join(dirname(require.resolve("prisma/package.json")), "build/index.js"),
    ["generate", "--schema", `prisma/${dialect}`]);
  writeStamp(folder, from);
  return true;
}

async function compile() {
  const folder = join(ROOT, "dist");
  const from = hashOf(ROOT, inRoot(["src", "plugins", "routes", "package.json", "tsconfig.json", "tsconfig.build.json",
    "scripts/build.mjs", INSTALLED.find((path) => existsSync(join(ROOT, path))) ?? "package-lock.json"]));
  if (isCurrent(folder, from)) return false;
  // Into a folder of its own, so that no file of a deleted source lives on, and nobody sees one half written.
  const [fresh, former] = [join(WORK, "dist"), join(WORK, "former")];
  const clear = () => { for (const one of [fresh, former]) rmSync(one, { recursive: true, force: true }); };
  clear();
  try {
    const pretty = process.stdout.isTTY ? ["--pretty"] : [];
    await run(require.resolve("typescript/bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", fresh, ...pretty]);
    writeStamp(fresh, from);
    if (existsSync(folder)) renameSync(folder, former);
    renameSync(fresh, folder);
    return true;
  } finally {
    clear();
  }
}

/** Waits until no other build is under way in this folder. */
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

/** 0, of a file that is just being written or was just removed, is this process's own group: alive. */
function isAlive(pid) {
  try { return process.kill(pid, 0); } catch (error) { return error.code === "EPERM"; }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {
  for (const child of running) child.kill(signal);
  process.exit(128 + constants.signals[signal]);
});
const began = performance.now();
try {
  await lock();
  const generated = await Promise.all(DIALECTS.map(generate));
  const compiled = process.argv[2] !== "generate" && await compile();
  if (compiled || generated.includes(true)) console.log(`built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
