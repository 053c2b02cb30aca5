import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";

/** The repository's folder, both for a test that runs as TypeScript and for one compiled into `build/`. */
export const ROOT = rootOf(import.meta.dirname);

function rootOf(folder: string): string {
  const manifest = join(folder, "package.json");
  if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "authflow")
    return folder;
  if (dirname(folder) === folder) throw new Error("no package.json of authflow above the tests");
  return rootOf(dirname(folder));
}

const extension = extname(import.meta.filename);

/** The file of a module of ours, by its path from the root without extension: .ts, or .js where `build/` runs. */
export const moduleFile = (path: string): string => join(import.meta.dirname, "../..", path + extension);

/** What Node has to be started with to run `moduleFile`: nothing, once it is compiled. */
export const LOADER: string[] = extension === ".ts" ? process.execArgv : [];
