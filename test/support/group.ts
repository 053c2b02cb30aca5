import "./without-async-hooks.js";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import root, { type Test } from "tap";
import { moduleFile } from "./root.js";
import { sharedByNow } from "./shared.js";
import { setCurrent } from "./tap.js";

/** A third of what the process may take (`tap --timeout`, seconds): after a file that hangs the others still run. */
const FILE_TIMEOUT = Number(process.env.TAP_TIMEOUT ?? 600) * 1000 / 3;
/** How long after its end a file's sockets and children may take to close, in ms. */
const CLOSING = 10_000;

/**
 * Runs test files, given by their paths from the root, one after another in this process, each as a subtest of its
 * name. A file that throws, hangs or leaves something behind in the process is a failure of its own; the next one runs.
 * If the process dies, `<its module>.unfinished` holds the file that ran and those after it.
 */
export async function runFiles(files: readonly string[]): Promise<void> {
  const unfinished = `${process.argv[1]}.unfinished`;
  keepLoadersFromChildren();
  // What no test catches is a failure of the file that runs; rejections that nobody handles come here too.
  let uncaught = (error: unknown): void => { root.threw(error); };
  process.on("uncaughtException", (error) => { uncaught(error); });
  // One test around all: the root would end while a file's sockets close, and refuse the files after it.
  await root.test("files", { timeout: 0 }, async (all) => {
    for (const [index, file] of files.entries()) {
      writeFileSync(unfinished, files.slice(index).join("\n"));
      const before = processState();
      await all.test(file, { timeout: FILE_TIMEOUT }, async (t) => {
        setCurrent(t);
        uncaught = (error) => { runningIn(t).threw(error); };
        await import(pathToFileURL(moduleFile(file.replace(/\.ts$/, ""))).href);
      });
      const left = await leftBehind(before);
      if (left.length > 0) all.fail(`${file} leaves something behind in its process`, { left });
    }
  });
  rmSync(unfinished);
}

/**
 * tap gives its loader to each Node program that a test starts: by a variable, and again as the program is started. A
 * start would take twice as long, and what is tested must not depend on tap.
 */
function keepLoadersFromChildren(): void {
  const processOnSpawn = createRequire(import.meta.url)("process-on-spawn") as { removeAllListeners(): void };
  processOnSpawn.removeAllListeners();
  delete process.env.NODE_OPTIONS;
}

/** The innermost subtest that runs now. */
function runningIn(test: Pick<Test, "threw">): Pick<Test, "threw"> {
  const [subtest] = "activeSubtests" in test ? test.activeSubtests as Test["activeSubtests"] : [];
  return subtest === undefined ? test : runningIn(subtest);
}

interface ProcessState {
  resources: string[];
  shared: number;
  env: NodeJS.ProcessEnv;
  exitCode: typeof process.exitCode;
  cwd: string;
}

/** `resources`: the kinds of what keeps the process alive. */
const processState = (): ProcessState => ({
  resources: process.getActiveResourcesInfo(), shared: sharedByNow(),
  env: { ...process.env }, exitCode: process.exitCode, cwd: process.cwd(),
});

async function leftBehind(before: ProcessState): Promise<string[]> {
  const deadline = performance.now() + CLOSING;
  // What is shared stays open, and looks like what a file left open: that file's own leftovers go unnoticed.
  const allowed = sharedByNow() > before.shared ? process.getActiveResourcesInfo() : before.resources;
  let resources = added(allowed, process.getActiveResourcesInfo());
  while (resources.length > 0 && performance.now() < deadline) {
    await sleep(10);
    resources = added(allowed, process.getActiveResourcesInfo());
  }
  return [
    ...resources,
    ...changedVariables(before.env).map((name) => `process.env.${name}`),
    ...(process.exitCode === before.exitCode ? [] : ["process.exitCode"]),
    ...(process.cwd() === before.cwd ? [] : ["process.cwd()"]),
  ];
}

/** What stands in `after` more often than in `before`. */
function added(before: readonly string[], after: readonly string[]): string[] {
  const rest = [...before];
  return after.filter((kind) => {
    const index = rest.indexOf(kind);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}

const changedVariables = (before: NodeJS.ProcessEnv): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(process.env)])]
    .filter((name) => process.env[name] !== before[name]);
