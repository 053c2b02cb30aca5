import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Ledger, type Path, PATHS } from "./ledger.js";

export interface Row { world: string; what: string; promise: string; ledger: Ledger }

const PAGE = resolve(import.meta.dirname, "../../docs/reliability.md");
const BETWEEN = /(<!-- begin chaos -->\n)[^]*(<!-- end -->)/;

/** Puts what was measured into docs/reliability.md. */
export function writeTable(rows: readonly Row[]): void {
  const page = readFileSync(PAGE, "utf8");
  if (!BETWEEN.test(page)) throw new Error("docs/reliability.md lacks the place of the table");
  writeFileSync(PAGE, page.replace(BETWEEN, (_all, begin: string, end: string) => `${begin}${table(rows)}${end}`));
}

function table(rows: readonly Row[]): string {
  const worlds = [...new Set(rows.map(({ world }) => world))];
  return worlds.map((world) => [
    `### ${world[0]?.toUpperCase()}${world.slice(1)}`,
    "",
    "| what happens | what is promised | logouts | revived | asking | Redis | feed | status list |",
    "|---|---|--:|--:|--:|--:|--:|--:|",
    ...rows.filter((row) => row.world === world).map(({ what, promise, ledger }) =>
      `| ${what} | ${promise} | ${ledger.acknowledged} | ${ledger.revived.size} | ${PATHS.map((path) => seconds(ledger, path, world)).join(" | ")} |`),
    "",
  ].join("\n")).join("\n");
}

function seconds(ledger: Ledger, path: Path, world: string): string {
  if (path === "redis" && !world.includes("Redis")) return "–";
  return `${((ledger.longest.get(path) ?? 0) / 1000).toFixed(2)} s`;
}
