import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import t from "../support/tap.js";
import { temporaryFolder } from "../support/services.js";
import { ROOT } from "../support/root.js";

/** A small project that the real script builds, with the real bundler and the real generator. */
const folder = temporaryFolder(t);
const path = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), text);
};
for (const name of ["scripts/build.mjs", "scripts/bundle.mjs", "package.json", "package-lock.json", "tsconfig.json",
  "prisma.config.ts", "prisma/sqlite", "prisma/postgresql"]) {
  cpSync(join(ROOT, name), path(name), { recursive: true, verbatimSymlinks: true });
}
symlinkSync(join(ROOT, "node_modules"), path("node_modules"));
const model = (field: string): void => {
  write("prisma/models.prisma", `model Thing {\n  id Int @id\n  ${field} Int\n}\n`);
};
model("size");
const { bundle } = await import(pathToFileURL(path("scripts/bundle.mjs")).href) as
  { bundle: (root: string, outdir: string) => { entryPoints: string[] } };
for (const entry of bundle(folder, "dist").entryPoints) write(entry, "export {};\n");
write("src/one.ts", "export const one: number = 1;\n");
write("src/two.ts", "export const two: number = 2;\n");
write("src/server.ts", `import { one } from "./one.js";\nconsole.log(one, await import("./two.js"));\n`);
write("src/cli.ts", `export { PrismaClient } from "./stores/prisma/generated/sqlite/client.js";\n`);

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [path("scripts/build.mjs"), ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
async function finished(child: ChildProcess) {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => { output += chunk.toString(); });
  }
  const [code] = await once(child, "close") as [number | null];
  return { code, output };
}
const build = (...args: string[]) => finished(start(...args));
const BUILT = { code: 0, output: /^built in/ };
const NOTHING_TO_DO = { code: 0, output: "" };
const CLIENT = "src/stores/prisma/generated/sqlite/models/Thing.ts";
const SERVER = "dist/src/server.js";
const served = (): string => readFileSync(path(SERVER), "utf8");

await t.test("two builds at once make one good result, and the next has nothing to do", async (t) => {
  const both = await Promise.all([build(), build()]);
  t.same(both.map(({ code }) => code), [0, 0]);
  t.same(both.filter(({ output }) => output === "").length, 1, "the other one found it done");
  t.match(served(), "one = 1");
  t.ok(existsSync(path(CLIENT)) && existsSync(path("src/stores/prisma/generated/postgresql/client.ts")));
  const before = statSync(path(SERVER));
  t.same(await build(), NOTHING_TO_DO);
  t.equal(statSync(path(SERVER)).ino, before.ino, "and wrote nothing");
});

await t.test("a changed source is built, and a deleted one does not live on", async (t) => {
  const chunks = (): string[] => readdirSync(path("dist/chunks")).filter((name) => /^two-.*\.js$/.test(name));
  t.equal(chunks().length, 1);
  write("src/one.ts", "export const one: number = 11;\n");
  write("src/server.ts", `import { one } from "./one.js";\nconsole.log(one);\n`);
  rmSync(path("src/two.ts"));
  t.match(await build(), BUILT);
  t.match(served(), "one = 11");
  t.same(chunks(), []);
});

await t.test("a failed build is not remembered as done, and leaves the former one whole", async (t) => {
  write("src/one.ts", "export const one: number = ;\n");
  for (const _ of [1, 2]) t.match(await build(), { code: 1, output: /src\/one\.ts:1:27: ERROR: Unexpected/ });
  t.match(served(), "one = 11");
  write("src/one.ts", "export const one: number = 11;\n");
  t.same(await build(), NOTHING_TO_DO, "which is that of these sources again");
});

await t.test("what was changed or lost in the result is made again", async (t) => {
  write(SERVER, "console.log(12);\n");
  t.match(await build(), BUILT);
  t.match(served(), "one = 11");
  rmSync(path(CLIENT));
  t.match(await build("generate"), BUILT);
  t.ok(existsSync(path(CLIENT)));
  t.same(await build(), NOTHING_TO_DO);
});

await t.test("a build that was ended or killed holds up none after it", async (t) => {
  const lock = path(".build/lock");
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    write("src/one.ts", `export const one: string = "${signal}";\n`);
    const child = start();
    const ended = finished(child);
    while (!existsSync(lock) || readFileSync(lock, "utf8") !== String(child.pid)) await new Promise(setImmediate);
    child.kill(signal);
    t.not((await ended).code, 0);
  }
  t.match(await build(), BUILT);
  t.match(served(), "SIGKILL");
});

await t.test("changed models make new clients", async (t) => {
  model("weight");
  t.match(await build("generate"), BUILT);
  t.match(readFileSync(path(CLIENT), "utf8"), "weight");
  write("prisma/models.prisma", "model Thing {\n");
  for (const _ of [1, 2]) t.match(await build(), { code: 1, output: /Prisma schema validation/ });
});
