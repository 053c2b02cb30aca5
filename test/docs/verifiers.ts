import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { binary, missing, type Suite, temporaryFolder } from "../support/services.js";

export const EXAMPLES = resolve(import.meta.dirname, "../../examples");
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

const works = ([program, ...args]: Command, env?: NodeJS.ProcessEnv, cwd?: string): boolean =>
  spawnSync(program, args, { stdio: "ignore", env, cwd }).status === 0;

/** A Python that has `modules`: the system's first, since distributions package them for that one. */
export function python(t: Suite, ...modules: string[]): string | undefined {
  const list = modules.join(", ");
  const found = ["/usr/bin/python3", "python3"].find((program) => works([program, "-c", `import ${list}`]));
  return found ?? missing(t, `Python with ${list}`);
}

/** Milliseconds after which what has not happened is a failure, also on a slow machine. */
const PATIENCE = 30_000;

type Finder = (t: Suite, example: Example) => Command | undefined;
const program = (example: Example, language: keyof typeof PROGRAMS.verify): string =>
  join(EXAMPLES, example, language, PROGRAMS[example][language]);

/** How each language's example is run on this machine; undefined where it can't be. */
const LANGUAGES: Record<string, Finder> = {
  Node: (_t, example) => [process.execPath, program(example, "node")],
  Python: (t, example) => {
    const found = python(t, "jwt.algorithms", "cryptography");
    return found === undefined ? undefined : [found, program(example, "python")];
  },
  Go: (t, example) => {
    if (binary("go") === undefined || !existsSync(DEBIAN_GO_JWT)) {
      return missing(t, "Go with golang-jwt (Debian's golang-github-golang-jwt-jwt-dev)");
    }
    const folder = temporaryFolder(t);
    cpSync(join(EXAMPLES, example, "go"), folder, { recursive: true });
    const module = readFileSync(join(folder, "go.mod"), "utf8");
    writeFileSync(join(folder, "go.mod"), `${module}\nreplace github.com/golang-jwt/jwt/v4 => ${DEBIAN_GO_JWT}\n`);
    const offline = { ...process.env, GOFLAGS: "-mod=mod", GOPROXY: "off" };
    const built = works(["go", "build", "-o", "verify", "."], offline, folder);
    if (!built) throw new Error("The Go example does not compile");
    return [join(folder, "verify")];
  },
  Java: (t, example) => {
    const banner = spawnSync("java", ["-version"], { encoding: "utf8" }).stderr ?? "";
    if (Number(/version "(\d+)/.exec(banner)?.[1] ?? 0) < 17) return missing(t, "Java 17");
    const folder = temporaryFolder(t);
    if (!works(["javac", "-d", folder, program(example, "java")])) throw new Error("The Java example does not compile");
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", folder, JAVA_MAIN[example]];
  },
  Ruby: (t, example) => {
    if (!works(["ruby", "-e", "require 'jwt'"])) return missing(t, "Ruby with jwt");
    return ["ruby", program(example, "ruby")];
  },
};

/** The commands that run an example, by language: those that this machine can run. */
export function findVerifiers(t: Suite, example: Example, languages = Object.keys(LANGUAGES)): Record<string, Command> {
  const found = languages.map((language) => [language, LANGUAGES[language]?.(t, example)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, Command] => entry[1] !== undefined));
}

/** Whether it comes true, however slow the machine is. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + PATIENCE; !await condition();) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

export interface Verifier {
  /** What the example says about a token: `ok <sub>`, `refused <why>` or `unknown <why>`. */
  ask(line: string): Promise<string>;
  /** Asks until it says so; resolves to the last answer, which is another one where that takes too long. */
  askUntil(line: string, wanted: RegExp): Promise<string>;
  /** What it logged so far. */
  log(): string;
}

export function startVerifier(t: Suite, [program, ...args]: Command, env: Record<string, string>): Verifier {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env } });
  t.teardown(() => { child.kill("SIGKILL"); });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => { log += chunk.toString(); });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    const answer = await answers.next();
    if (answer.done === true) throw new Error(`The example ended: ${log}`);
    return answer.value;
  };
  return {
    ask,
    async askUntil(line, wanted) {
      let answer = "";
      await until(async () => wanted.test(answer = await ask(line)));
      return answer;
    },
    log: () => log,
  };
}
