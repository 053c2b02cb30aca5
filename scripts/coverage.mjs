// `npm run coverage`: exits 1 where the tests reach fewer lines of a folder than was decided for it, in percent.
import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";

/** The command line and what answers outages have branches that only a broken machine takes. */
const LEAST = { "src/tokens": 100, "src/keys": 98, "src/clients": 98, "src/revocation": 92, "src/stores": 95, "src/cli": 95, src: 97, plugins: 97, routes: 98 };

const report = JSON.parse(readFileSync(".tap/report/coverage-summary.json", "utf8"));
const sums = new Map(Object.keys(LEAST).map((folder) => [folder, { total: 0, covered: 0 }]));
for (const [file, { lines }] of Object.entries(report)) {
  const path = relative(process.cwd(), file).replaceAll(sep, "/");
  const sum = sums.get(Object.keys(LEAST).find((folder) => path.startsWith(`${folder}/`)));
  if (sum === undefined) continue;
  sum.total += lines.total;
  sum.covered += lines.covered;
}
for (const [folder, { total, covered }] of sums) {
  const percent = total === 0 ? 0 : (100 * covered) / total;
  const enough = percent >= LEAST[folder];
  console.log(`${enough ? "ok    " : "TOO LOW"} ${folder}: ${percent.toFixed(1)} % of lines, at least ${LEAST[folder]} %`);
  if (!enough) process.exitCode = 1;
}
