import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t from "tap";
import { loadConfig } from "../../src/config.js";
import { SETTINGS } from "../../src/settings.js";
import { run } from "../support/process.js";

const ROOT = resolve(import.meta.dirname, "../..");
const names = Object.keys(SETTINGS.properties);
const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");

await t.test("the README's settings, .env.example and the snippets agree with their sources", async (t) => {
  const { code, stdout } = await run(join(ROOT, "scripts/docs.mjs"), ["check"]);
  t.equal(code, 0, stdout);
});

await t.test("the README lists every setting once, and no other", async (t) => {
  const table = /<!-- begin settings -->([\s\S]*?)<!-- end -->/.exec(text("README.md"))?.[1] ?? "";
  t.same([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name), names);
});

await t.test(".env.example is valid with each of its lines taken in, and changes nothing", async (t) => {
  const lines = [...text(".env.example").matchAll(/^#?([A-Z][A-Z0-9_]+)=(.*)$/gm)];
  t.same(lines.map(([, name]) => name), names);
  const given = Object.fromEntries(lines.map(([, name = "", value = ""]): [string, string] => [name, value]));
  t.same(loadConfig(given), loadConfig({}), "the values shown are the defaults");
});

const PAGES = [
  "README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/operating.md", "docs/integrating.md", "docs/verifying.md",
  "docs/clients-and-policy.md",
];
// Not settings of the service: the examples' base URL, a client's own credentials, and the tests' switch.
const OTHERS = ["AUTHFLOW_URL", "AUTHFLOW_CLIENT_ID", "AUTHFLOW_CLIENT_SECRET", "AUTHFLOW_REQUIRE_SERVICES"];
for (const page of PAGES) {
  await t.test(`${page} names no setting that does not exist`, async (t) => {
    const named = text(page).match(/\bAUTHFLOW_[A-Z][A-Z_]*[A-Z]\b/g) ?? [];
    const known = [...names, ...names.map((name) => `${name}_FILE`), ...OTHERS];
    t.same([...new Set(named)].filter((name) => !known.includes(name)), []);
  });
}
