import { execFile } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { missing, type Suite } from "../support/services.js";
import { ROOT } from "../support/root.js";
import { built, type Command } from "./verifiers.js";

const FOLDER = join(ROOT, "test/docs/verifier-libraries");
const execute = promisify(execFile);

interface Language {
  /** Print the version of what installs, or fail where it is not there. The first that does not fail is used. */
  tools: Command[];
  /** The version that the libraries need, if Debian's may be older: then the language is skipped, never required. */
  atLeast?: string;
  /** Files of the language's folder that `install` reads. */
  sources?: string[];
  /** Puts the libraries, and the program if it must be built, into `to`, with the tool that was found. */
  install?(from: string, to: string, tool: string): Promise<unknown>;
  command(from: string, to: string, tool: string): Command;
}

/** One program for each language, with all its libraries (verifier-libraries/README.md). */
export const LANGUAGES: Record<string, Language> = {
  Node: {
    tools: [[process.execPath, "--version"]],
    command: (from) => [process.execPath, join(from, "main.mjs")],
  },
  Python: {
    // The system's first, as Debian's pip belongs to it.
    tools: ["/usr/bin/python3", "python3"].map((program) => [program, "-m", "pip", "--version"]),
    sources: ["requirements.txt"],
    install: (from, to, python) => execute(python, [
      "-m", "pip", "install", "--quiet", "--target", to, "--requirement", join(from, "requirements.txt"),
    ]),
    command: (from, to, python) => ["env", `PYTHONPATH=${to}`, python, join(from, "main.py")],
  },
  Go: {
    tools: [["go", "version"]], atLeast: "1.25", sources: ["main.go", "go.mod", "go.sum"],
    // Flags as for the examples, so that Go's own packages are compiled once for both.
    install: (from, to) => execute("go", ["build", "-gcflags=all=-N -l", "-o", join(to, "main"), "."], {
      cwd: from, env: { ...process.env, CGO_ENABLED: "0" },
    }),
    command: (_from, to) => [join(to, "main")],
  },
  Java: {
    tools: [["mvn", "--version"]], sources: ["Main.java", "pom.xml"],
    async install(from, to) {
      await execute("mvn", ["--batch-mode", "--quiet", "--file", join(from, "pom.xml"),
        "dependency:copy-dependencies", `-DoutputDirectory=${to}`]);
      await execute("javac", ["-cp", join(to, "*"), "-d", to, join(from, "Main.java")]);
    },
    command: (_from, to) => ["java", "-XX:TieredStopAtLevel=1", "-cp", `${to}:${join(to, "*")}`, "Main"],
  },
  Ruby: {
    // Debian's package of the gem.
    tools: [["ruby", "-e", "require 'jwt'"]],
    command: (from) => ["ruby", join(from, "main.rb")],
  },
  Rust: {
    tools: [["cargo", "--version"]], atLeast: "1.88", sources: ["src/main.rs", "Cargo.toml", "Cargo.lock"],
    async install(from, to) {
      const target = join(to, "target");
      await execute("cargo", ["build", "--quiet", "--locked", "--manifest-path", join(from, "Cargo.toml"),
        "--target-dir", target]);
      copyFileSync(join(target, "debug/verifier-libraries"), join(to, "main"));
      rmSync(target, { recursive: true });
    },
    command: (_from, to) => [join(to, "main")],
  },
};

async function find(t: Suite, name: string, language: Language): Promise<Command | undefined> {
  const { tools, atLeast, sources = [], install, command } = language;
  for (const [tool, ...args] of tools) {
    const version = await execute(tool, args).then(({ stdout }) => stdout, () => undefined);
    if (version === undefined) continue;
    if (atLeast !== undefined && isOlder(version, atLeast)) break;
    const from = join(FOLDER, name.toLowerCase());
    if (install === undefined) return command(from, "", tool);
    try {
      const to = await built(version, sources.map((path) => join(from, path)), (to) => install(from, to, tool));
      return command(from, to, tool);
    } catch (error) {
      return missing(t, `${name} with its verifier libraries`, `could not be installed: ${String(error)}`);
    }
  }
  const wanted = `${name} (${tools.map((tool) => tool.join(" ")).join(" or ")})`;
  if (atLeast === undefined) return missing(t, wanted);
  t.pass(wanted, { skip: `SKIPPED: ${wanted} ${atLeast} or newer was not found` });
  return undefined;
}

/** Whether the first version number in the text is lower than `than`, both with two parts. */
function isOlder(text: string, than: string): boolean {
  const [major = 0, minor = 0] = (/\d+\.\d+/.exec(text)?.[0] ?? "").split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = than.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/** The programs that this machine can run, by language. */
export async function findPrograms(t: Suite): Promise<Record<string, Command>> {
  const languages = Object.entries(LANGUAGES);
  const found = await Promise.all(languages.map(([name, language]) => find(t, name, language)));
  return Object.fromEntries(languages.flatMap(([name], i) => found[i] === undefined ? [] : [[name, found[i]]]));
}
