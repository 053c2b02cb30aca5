import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { missing, type Suite } from "../support/services.js";
import { built, type Command } from "./verifiers.js";

export const execute = promisify(execFile);

/** A program of a folder, whose libraries come from its language's registry. */
export interface Installable {
  /** Print the version of what installs, or fail where it is not there. The first that does not fail is used. */
  tools: Command[];
  /** The version that the libraries need, if Debian's may be older: then it is skipped, never required. */
  atLeast?: string;
  /** Files of the folder that `install` reads. */
  sources?: string[];
  /** Puts the libraries, and the program if it must be built, into `to`, with the tool that was found. */
  install?(from: string, to: string, tool: string): Promise<unknown>;
  command(from: string, to: string, tool: string): Command;
}
type Installer = Omit<Installable, "command">;

export const pip: Installer = {
  // The system's first, as Debian's pip belongs to it.
  tools: ["/usr/bin/python3", "python3"].map((program) => [program, "-m", "pip", "--version"]),
  sources: ["requirements.txt"],
  install: (from, to, python) => execute(python, [
    "-m", "pip", "install", "--quiet", "--target", to, "--requirement", join(from, "requirements.txt"),
  ]),
};

export const goBuild: Installer = {
  tools: [["go", "version"]], atLeast: "1.25", sources: ["main.go", "go.mod", "go.sum"],
  // Flags as for the examples, so that Go's own packages are compiled once for all.
  install: (from, to) => execute("go", ["build", "-gcflags=all=-N -l", "-o", join(to, "main"), "."], {
    cwd: from, env: { ...process.env, CGO_ENABLED: "0" },
  }),
};

/** The command that runs it, once it is installed outside the tree; undefined, said by name, where it can't be. */
export async function installed(
  t: Suite,
  name: string,
  from: string,
  { tools, atLeast, sources = [], install, command }: Installable,
): Promise<Command | undefined> {
  for (const [tool, ...args] of tools) {
    const version = await execute(tool, args).then(({ stdout }) => stdout, () => undefined);
    if (version === undefined) continue;
    if (atLeast !== undefined && isOlder(version, atLeast)) break;
    if (install === undefined) return command(from, "", tool);
    try {
      const to = await built(version, sources.map((path) => join(from, path)), (to) => install(from, to, tool));
      return command(from, to, tool);
    } catch (error) {
      return missing(t, name, `could not be installed: ${String(error)}`);
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
