import { execFile, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { endedWith } from "../support/process.js";
import { binary, missing, type Suite } from "../support/services.js";
import { ROOT } from "../support/root.js";

export const EXAMPLES = join(ROOT, "examples");
/** The file of each that reads tokens from its standard input. */
const PROGRAMS = {
  verify: { node: "verify.mjs", python: "verify.py", java: "Verify.java", ruby: "verify.rb" },
  feed: { node: "stdin.mjs", python: "authflow.py", java: "Authflow.java", ruby: "authflow.rb" },
};
const JAVA_MAIN = { verify: "Verify", feed: "Main" };
export type Example = keyof typeof PROGRAMS;
/** Where Debian puts the sources of Go packages. */
const DEBIAN_GO_JWT = "/usr/share/gocode/src/github.com/golang-jwt/jwt";

export type Command = [program: string, ...args: string[]];

const execute = promisify(execFile);
const works = ([program, ...args]: Command): Promise<boolean> => execute(program, args).then(() => true, () => false);

/** A Python that has `modules`: the system's first, since distributions package them for that one. */
export function python(t: Suite, ...modules: string[]): string | undefined {
  const list = modules.join(", ");
  const imports = (program: string): boolean => spawnSync(program, ["-c", `import ${list}`]).status === 0;
  return ["/usr/bin/python3", "python3"].find(imports) ?? missing(t, `Python with ${list}`);
}

/**
 * A folder with what `build` makes of `sources` (paths of files). It stays, for every test on this machine that comes
 * later, until the sources or the compiler (`version`: what it says of itself) are others.
 */
export async function built(
  version: string,
  sources: string[],
  build: (folder: string) => Promise<unknown>,
): Promise<string> {
  const hash = createHash("sha256").update(version);
  for (const path of sources) hash.update(basename(path)).update(readFileSync(path));
  const folder = join(tmpdir(), `authflow-example-${hash.digest("hex")}`);
  if (existsSync(folder)) return folder;
  const unfinished = mkdtempSync(`${folder}-`);
  try {
    await build(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error; // else another process was faster
  }
  return folder;
}

type Finder = (t: Suite, example: Example) => Promise<Command | undefined>;
const program = (example: Example, language: keyof typeof PROGRAMS.verify): string =>
  join(EXAMPLES, example, language, PROGRAMS[example][language]);

/** How each language's example is run on this machine; undefined where it can't be. */
const LANGUAGES: Record<string, Finder> = {
  Node: async (_t, example) => [process.execPath, program(example, "node")],
  Python: async (t, example) => {
    const found = python(t, "jwt.algorithms", "cryptography");
    return found === undefined ? undefined : [found, program(example, "python")];
  },
  Go: async (t, example) => {
    if (binary("go") === undefined || !existsSync(DEBIAN_GO_JWT)) {
      return missing(t, "Go with golang-jwt (Debian's golang-github-golang-jwt-jwt-dev)");
    }
    const source = join(EXAMPLES, example, "go");
    const { stdout: version } = await execute("go", ["version"]);
    const folder = await built(version, readdirSync(source).map((name) => join(source, name)), (folder) => {
      cpSync(source, folder, { recursive: true });
      const module = readFileSync(join(folder, "go.mod"), "utf8");
      writeFileSync(join(folder, "go.mod"), `${module}\nreplace github.com/golang-jwt/jwt/v4 => ${DEBIAN_GO_JWT}\n`);
      // A first build compiles Go's own packages too: without cgo and optimisation in a third less time.
      const env = { ...process.env, GOFLAGS: "-mod=mod", GOPROXY: "off", CGO_ENABLED: "0" };
      return execute("go", ["build", "-gcflags=all=-N -l", "-o", "verify", "."], { cwd: folder, env });
    });
    return [join(folder, "verify")];
  },
  Java: async (t, example) => {
    const version = spawnSync("java", ["-version"], { encoding: "utf8" }).stderr ?? "";
    if (Number(/version "(\d+)/.exec(version)?.[1] ?? 0) < 17) return missing(t, "Java 17");
    const source = program(example, "java");
    const folder = await built(version, [source], (folder) => execute("javac", ["-d", folder, source]));
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", folder, JAVA_MAIN[example]];
  },
  Ruby: async (t, example) => {
    if (!await works(["ruby", "-e", "require 'jwt'"])) return missing(t, "Ruby with jwt");
    return ["ruby", program(example, "ruby")];
  },
};

/** The commands that run an example, by language: those that this machine can run. */
export async function findVerifiers(
  t: Suite,
  example: Example,
  languages = Object.keys(LANGUAGES),
): Promise<Record<string, Command>> {
  const found = await Promise.all(languages.map(async (language) => {
    try {
      return await LANGUAGES[language]?.(t, example);
    } catch (cause) {
      throw new Error(`${language}: the example "${example}" can't be built: ${String(cause)}`, { cause });
    }
  }));
  const entries = languages.map((language, i) => [language, found[i]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Command] => entry[1] !== undefined));
}

/** Milliseconds after which what has not happened is a failure, also on a slow machine. */
const PATIENCE = 60_000;

/** Whether it comes true, however slow the machine is. */
export async function until(condition: () => boolean | Promise<boolean>, patience = PATIENCE): Promise<boolean> {
  for (const deadline = performance.now() + patience; !await condition();) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

export interface Verifier {
  language: string;
  /** What the example says about a token: `ok <sub>`, `refused <why>` or `unknown <why>`. */
  ask(line: string): Promise<string>;
  /** Asks until it says so; resolves to the last answer, with what it logged where that takes too long. */
  askUntil(line: string, wanted: RegExp): Promise<string>;
  /** What it logged so far. */
  log(): string;
}

type Environment = Record<string, string>;

/** Runs the examples one after another: as soon as one answers, the next is started. */
export async function startVerifiers(
  t: Suite,
  commands: Record<string, Command>,
  env: Environment,
): Promise<Verifier[]> {
  const verifiers: Verifier[] = [];
  for (const [language, command] of Object.entries(commands)) {
    verifiers.push(await startVerifier(t, language, command, env));
  }
  return verifiers;
}

/** Runs a program that answers each line with one line, as far as its answer to the `first`. */
export async function startVerifier(
  t: Suite,
  language: string,
  [program, ...args]: Command,
  env: Environment,
  first = "no token",
): Promise<Verifier> {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env } });
  endedWith(t, child);
  let [log, patience] = ["", PATIENCE];
  let end: string | undefined;
  child.stderr.on("data", (chunk: Buffer) => { log += chunk.toString(); });
  const fault = (what: string): Error => new Error(`${language}: the program ${what}. It wrote: ${log}`);

  const waiting: { answer(line: string): void; fail(error: Error): void }[] = [];
  const ended = (what: string): void => {
    end ??= what;
    for (const { fail } of waiting.splice(0)) fail(fault(end));
  };
  createInterface({ input: child.stdout }).on("line", (line) => { waiting.shift()?.answer(line); });
  child.once("error", ({ message }) => { ended(`can't be started: ${message}`); });
  child.once("close", (code, signal) => { ended(`ended with ${signal ?? code}`); });
  child.stdin.on("error", () => undefined); // its end is reported above

  const ask = (line: string): Promise<string> => new Promise((resolve, reject) => {
    if (end !== undefined) { reject(fault(end)); return; }
    const timer = setTimeout(() => { reject(fault(`did not answer for ${PATIENCE / 1000} s`)); }, PATIENCE);
    waiting.push({
      answer: (answer) => { clearTimeout(timer); resolve(answer); },
      fail: (error) => { clearTimeout(timer); reject(error); },
    });
    child.stdin.write(`${line}\n`);
  });
  await ask(first);
  return {
    language, ask,
    async askUntil(line, wanted) {
      let answer = "";
      if (await until(async () => wanted.test(answer = await ask(line)), patience)) return answer;
      const waited = patience;
      patience = 1_000; // what is broken is not waited for again and again
      return `${answer}\nafter ${waited / 1000} s. It wrote: ${log}`;
    },
    log: () => log,
  };
}
