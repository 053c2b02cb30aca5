// `npm test -- [options of tap] [files or folders in test/]` compiles everything, which also checks the types, and runs
// the tests as JavaScript, several files in one process. `--compiled` skips that: build/ and dist/ are up to date.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { groupsOf } from "./test-groups.mjs";

const root = resolve(import.meta.dirname, "..");
const isPath = (arg) => !arg.startsWith("-") && existsSync(resolve(root, arg));
const args = process.argv.slice(2);
const wanted = args.filter(isPath).map((path) => path.replace(/^\.\/|\/$/g, ""));
const options = args.filter((arg) => !isPath(arg) && arg !== "--compiled");

if (!args.includes("--compiled")) await compile();
const files = filesUnder("test").filter((name) => name.endsWith(".test.ts"))
  .filter((name) => wanted.length === 0 || wanted.some((path) => name === path || name.startsWith(`${path}/`)));
if (files.length === 0) throw new Error(`No test files in ${wanted.join(", ")}`);

const { makeTemplates } = await import(pathToFileURL(join(root, "build/test/support/templates.js")).href);
const templates = await makeTemplates();
const tap = [
  // This switches off tap's TypeScript loader, which compiled files don't need. It is safe in Node 20 too, which can't
  // strip types.
  "--test-env=TAP_TYPE_STRIP_ONLY=1",
  "--node-arg=--max-semi-space-size=32", // megabytes: with more room, less time goes into collecting garbage
  ...options, ...writeGroups(files),
];
process.exitCode = await run("tap", tap, templates.env).finally(() => templates.drop());
for (const name of filesUnder("build/groups").filter((name) => name.endsWith(".unfinished"))) {
  const [current, ...rest] = readFileSync(join(root, name), "utf8").split("\n");
  console.error(`A test process crashed while it ran ${current}. Not run: ${rest.join(", ") || "none"}`);
  process.exitCode ||= 1;
}

/** Compiles the tests to build/, and the service to dist/, which some tests start. */
async function compile() {
  await succeeds("node", ["scripts/build.mjs", "generate"]);
  await Promise.all([succeeds("node", ["scripts/build.mjs"]), succeeds("tsc", ["-p", "tsconfig.json"])]);
}

/** Writes one module for each group and returns their paths. tap starts modules in the order of their names. */
function writeGroups(files) {
  const folder = join(root, "build/groups");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return groupsOf(files).map(({ name, files }, index) => {
    const path = join(folder, `${String(index + 1).padStart(2, "0")}-${name}.mjs`);
    writeFileSync(path, `import { runFiles } from "../test/support/group.js";

await runFiles(${JSON.stringify(files, null, 2)});
`);
    return path;
  });
}

function filesUnder(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
    .sort();
}

/** Runs a program, also one of an installed package; resolves to its exit code. */
function run(program, args, env = {}) {
  const path = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;
  const child = spawn(program, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path, ...env } });
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("exit", (code) => { resolve(code ?? 1); });
  });
}

async function succeeds(program, args) {
  const code = await run(program, args);
  if (code !== 0) process.exit(code);
}
