import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import t from "tap";

const ROOT = resolve(import.meta.dirname, "../..");
const pages = [ROOT, join(ROOT, "docs"), join(ROOT, "docs/adr"), join(ROOT, "examples"), join(ROOT, "demo")]
  .flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".md")).map((name) => join(folder, name)));
const slug = (heading: string): string => heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");
const headings = (page: string): string[] =>
  [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading ?? ""));

for (const page of pages) {
  await t.test(`${relative(ROOT, page)} links only to what is there`, async (t) => {
    const targets = [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
    for (const target of targets.filter((target) => !/^[a-z]+:/.test(target))) {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : resolve(dirname(page), path);
      t.ok(existsSync(file), target);
      if (anchor !== undefined) t.ok(headings(file).includes(anchor), target);
    }
  });
}
