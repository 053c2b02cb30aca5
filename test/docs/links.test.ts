import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "../support/tap.js";
import { ROOT } from "../support/root.js";
import { DOCUMENTS, text } from "./documents.js";

const slug = (heading: string): string => heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");
const headings = (page: string): string[] =>
  [...text(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading ?? ""));

for (const page of DOCUMENTS) {
  await t.test(`${page} links only to what is there`, async (t) => {
    const targets = [...text(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
    for (const target of targets.filter((target) => !/^[a-z]+:/.test(target))) {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      t.ok(existsSync(join(ROOT, file)), target);
      if (anchor !== undefined) t.ok(headings(file).includes(anchor), target);
    }
  });
}
