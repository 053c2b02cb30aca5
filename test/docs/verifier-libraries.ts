import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Suite } from "../support/services.js";
import { ROOT } from "../support/root.js";
import { execute, goBuild, type Installable, installed, pip } from "./installed.js";
import type { Command } from "./verifiers.js";

const FOLDER = join(ROOT, "test/docs/verifier-libraries");

/** One program for each language, with all its libraries (verifier-libraries/README.md). */
export const LANGUAGES: Record<string, Installable> = {
  Node: {
    tools: [[process.execPath, "--version"]],
    command: (from) => [process.execPath, join(from, "main.mjs")],
  },
  Python: { ...pip, command: (from, to, python) => ["env", `PYTHONPATH=${to}`, python, join(from, "main.py")] },
  Go: { ...goBuild, command: (_from, to) => [join(to, "main")] },
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
      // Nobody debugs it, and nothing is built a second time.
      const env = { ...process.env, CARGO_PROFILE_DEV_DEBUG: "0", CARGO_INCREMENTAL: "0" };
      await execute("cargo", ["build", "--quiet", "--locked", "--manifest-path", join(from, "Cargo.toml"),
        "--target-dir", target], { env });
      copyFileSync(join(target, "debug/verifier-libraries"), join(to, "main"));
      rmSync(target, { recursive: true });
    },
    command: (_from, to) => [join(to, "main")],
  },
};

/** The programs that this machine can run, by language. */
export async function findPrograms(t: Suite): Promise<Record<string, Command>> {
  const languages = Object.entries(LANGUAGES);
  const found = await Promise.all(languages.map(([name, language]) =>
    installed(t, `${name} with its verifier libraries`, join(FOLDER, name.toLowerCase()), language)));
  return Object.fromEntries(languages.flatMap(([name], i) => found[i] === undefined ? [] : [[name, found[i]]]));
}
