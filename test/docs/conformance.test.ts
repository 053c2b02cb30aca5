import { join } from "node:path";
import { ROOT } from "../support/root.js";
import t from "../support/tap.js";
import { text } from "./documents.js";

interface Plan { name: string; title: string; role: string }

const { PLANS } = await import(join(ROOT, "test/conformance/plans.mjs")) as { PLANS: Plan[] };
const [, page = ""] = /<!-- begin outcomes -->([\s\S]*?)<!-- end -->/.exec(text("docs/conformance.md")) ?? [];

await t.test("docs/conformance.md has the outcome of every plan, and no failure", async (t) => {
  t.match(page, /^Version \d+\.\d+\.\d+ of the suite\.$/m);
  for (const { name, title, role } of PLANS) {
    const [section = ""] = page.split(/^### /m).filter((part) => part.includes(`\`${name}\``));
    t.ok(section.startsWith(`${title} as a ${role}: `), `${name} is run: npm run conformance`);
    const rows = section.split("\n").filter((row) => row.startsWith("| `"));
    t.not(rows.length, 0, `${name} has outcomes`);
    for (const row of rows) {
      const [module = "", outcome = "", ...others] = row.split("|").slice(1, -1).map((cell) => cell.trim());
      t.match(outcome, /^(passed|warning|review|skipped)$/, `${module} did not fail`);
      t.equal(others.at(-1) === "", outcome === "passed", `${module} has a reason if it is not passed`);
    }
  }
});
