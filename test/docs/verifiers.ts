import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { binary, missing, type Suite, temporaryFolder } from "../support/services.js";

const EXAMPLES = resolve(import.meta.dirname, "../../examples/verify");
/** Where Debian puts the sources of Go packages. */
const DEBIAN_GO_JWT = "/usr/share/gocode/src/github.com/golang-jwt/jwt";

type Command = [program: string, ...args: string[]];

const works = ([program, ...args]: Command, env?: NodeJS.ProcessEnv, cwd?: string): boolean =>
  spawnSync(program, args, { stdio: "ignore", env, cwd }).status === 0;

/** A Python that has `modules`: the system's first, since distributions package them for that one. */
export function python(t: Suite, ...modules: string[]): string | undefined {
  const list = modules.join(", ");
  const found = ["/usr/bin/python3", "python3"].find((program) => works([program, "-c", `import ${list}`]));
  return found ?? missing(t, `Python with ${list}`);
}

/** How each language's example is run on this machine; undefined where it can't be. */
export const LANGUAGES: Record<string, (t: Suite) => Command | undefined> = {
  Node: () => [process.execPath, join(EXAMPLES, "node/verify.mjs")],
  Python: (t) => {
    const program = python(t, "jwt.algorithms", "cryptography");
    return program === undefined ? undefined : [program, join(EXAMPLES, "python/verify.py")];
  },
  Go: (t) => {
    if (binary("go") === undefined || !existsSync(DEBIAN_GO_JWT)) {
      return missing(t, "Go with golang-jwt (Debian's golang-github-golang-jwt-jwt-dev)");
    }
    const folder = temporaryFolder(t);
    cpSync(join(EXAMPLES, "go"), folder, { recursive: true });
    const module = readFileSync(join(folder, "go.mod"), "utf8");
    writeFileSync(join(folder, "go.mod"), `${module}\nreplace github.com/golang-jwt/jwt/v4 => ${DEBIAN_GO_JWT}\n`);
    const offline = { ...process.env, GOFLAGS: "-mod=mod", GOPROXY: "off" };
    const built = works(["go", "build", "-o", "verify", "."], offline, folder);
    if (!built) throw new Error("The Go example does not compile");
    return [join(folder, "verify")];
  },
  Java: (t) => {
    const banner = spawnSync("java", ["-version"], { encoding: "utf8" }).stderr ?? "";
    if (Number(/version "(\d+)/.exec(banner)?.[1] ?? 0) < 17) return missing(t, "Java 17");
    return ["java", join(EXAMPLES, "java/Verify.java")];
  },
  Ruby: (t) => {
    if (!works(["ruby", "-e", "require 'jwt'"])) return missing(t, "Ruby with jwt");
    return ["ruby", join(EXAMPLES, "ruby/verify.rb")];
  },
};

export interface Verifier {
  /** What the example says about a token: `ok <sub>` or `refused <why>`. */
  ask(line: string): Promise<string>;
}

export function startVerifier(t: Suite, [program, ...args]: Command, env: Record<string, string>): Verifier {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env }, stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => { child.kill("SIGKILL"); });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error("The example ended");
      return answer.value;
    },
  };
}
