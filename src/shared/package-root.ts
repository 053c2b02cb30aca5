import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of Authflow's package.json. It is one level higher above the compiled files than above the sources. */
export function packageRoot(dir = import.meta.dirname): string {
  if (existsSync(join(dir, "package.json"))) return dir;
  const parent = dirname(dir);
  if (parent === dir) throw new Error("Authflow's package.json is missing: install the package again");
  return packageRoot(parent);
}
