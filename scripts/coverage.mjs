// Part of `npm run coverage`: exits 1 if the tests cover less of a folder's lines than its threshold, in percent.
import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";

/**
 * A file belongs to the first folder that matches. Not 100 % everywhere: some code runs only after a failure of the
 * machine.
 */
const THRESHOLDS = {
  "src/tokens": 100, "src/keys": 98, "src/clients": 98, "src/revocation": 92, "src/stores": 95, "src/cli": 95,
  src: 97, plugins: 97, routes: 98,
};

const report = JSON.parse(readFileSync(".tap/report/coverage-summary.json", "utf8"));
const sums = new Map(Object.keys(THRESHOLDS).map((folder) => [folder, { total: 0, covered: 0 }]));
for (const [file, { lines }] of Object.entries(report)) {
  const path = relative(process.cwd(), file).replaceAll(sep, "/");
  const sum = sums.get(Object.keys(THRESHOLDS).find((folder) => path.startsWith(`${folder}/`)));
  if (sum === undefined) continue;
  sum.total += lines.total;
  sum.covered += lines.covered;
}
for (const [folder, { total, covered }] of sums) {
  const percent = total === 0 ? 0 : (100 * covered) / total;
  const enough = percent >= THRESHOLDS[folder];
  const verdict = enough ? "ok     " : "TOO LOW";
  console.log(`${verdict} ${folder}: ${percent.toFixed(1)} % of lines; required: ${THRESHOLDS[folder]} %`);
  if (!enough) process.exitCode = 1;
}
