import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.js";
import { type Ledger, type Path, PATHS } from "./ledger.js";
import type { Shape } from "./world.js";

export interface Row { what: string; promise: string; ledger: Ledger }

const PAGE = join(ROOT, "docs/reliability.md");

/** Puts what was measured of one world into docs/reliability.md. */
export function writeTable({ name, on }: Shape, rows: readonly Row[]): void {
  const page = readFileSync(PAGE, "utf8");
  const place = new RegExp(`(<!-- begin chaos: ${name} -->\n)[^]*?(<!-- end -->)`);
  if (!place.test(page)) throw new Error(`docs/reliability.md has no place for the table of "${name}"`);
  const paths = PATHS.filter((path) => path !== "redis" || on.includes("Redis"));
  const table = [
    ["what happens", "what is promised", "logouts", "revived", ...paths.map((path) => HEADS[path])],
    ["---", "---", ...Array<string>(paths.length + 2).fill("--:")],
    ...rows.map(({ what, promise, ledger }) => [
      what, promise, String(ledger.acknowledged), String(ledger.revived.size),
      ...paths.map((path) => `${((ledger.longest.get(path) ?? 0) / 1000).toFixed(2)} s`),
    ]),
  ].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  writeFileSync(PAGE, page.replace(place, (_all, begin: string, end: string) => begin + table + end));
}

const HEADS: Record<Path, string> = { ask: "asking", redis: "Redis", feed: "feed", list: "status list" };
