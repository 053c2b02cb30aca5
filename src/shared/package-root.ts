import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of Authflow's package.json: above the sources, and above dist at another depth. */
export function packageRoot(dir = import.meta.dirname): string {
  if (existsSync(join(dir, "package.json"))) return dir;
  const parent = dirname(dir);
  if (parent === dir) throw new Error("Authflow's package.json is missing: install the package again");
  return packageRoot(parent);
}
