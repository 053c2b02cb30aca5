import { join } from "node:path";
import t from "../support/tap.js";
import { loadConfig } from "../../src/config/load.js";
import { OPENID_SUFFIXES } from "../../src/config/providers.js";
import { SETTINGS } from "../../src/config/settings.js";
import { run } from "../support/process.js";
import { ROOT } from "../support/root.js";
import { DOCUMENTS, text } from "./documents.js";

const names = Object.keys(SETTINGS.properties);

await t.test("the README's settings, .env.example and the snippets agree with their sources", async (t) => {
  const { code, stdout } = await run(join(ROOT, "scripts/docs.mjs"), ["check"]);
  t.equal(code, 0, stdout);
});

await t.test("the README lists every setting once, and no other", async (t) => {
  const table = /<!-- begin settings -->([\s\S]*?)<!-- end -->/.exec(text("README.md"))?.[1] ?? "";
  t.same([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name), names);
});

await t.test(".env.example is valid with each of its lines uncommented, and changes nothing", async (t) => {
  const lines = [...text(".env.example").matchAll(/^#?([A-Z][A-Z0-9_]+)=(.*)$/gm)];
  t.same(lines.map(([, name]) => name), names);
  const given = Object.fromEntries(lines.map(([, name = "", value = ""]): [string, string] => [name, value]));
  t.same(loadConfig(given), loadConfig({}), "the values shown are the defaults");
});

// Not settings of the service: the examples' own, a client's credentials, and the tests' switches.
const OTHERS = [
  "AUTHFLOW_URL", "AUTHFLOW_STALE_AFTER", "AUTHFLOW_WHEN_STALE", "AUTHFLOW_RECONNECT_WITHIN", "AUTHFLOW_REFETCH_AFTER",
  "AUTHFLOW_AUDIENCE", "AUTHFLOW_CLIENT_ID", "AUTHFLOW_CLIENT_SECRET", "AUTHFLOW_REQUIRE_SERVICES", "AUTHFLOW_CONNECT",
];
/** Those of an OpenID provider whose name the operator chose. */
const OF_A_PROVIDER = new RegExp(`^AUTHFLOW_OIDC_[A-Z0-9_]+_(${OPENID_SUFFIXES.join("|")})$`);
for (const page of DOCUMENTS) {
  await t.test(`${page} names no setting that does not exist`, async (t) => {
    const named = text(page).match(/\bAUTHFLOW_[A-Z][A-Z_]*[A-Z]\b/g) ?? [];
    const known = [...names, ...names.map((name) => `${name}_FILE`), ...OTHERS];
    t.same([...new Set(named)].filter((name) => !known.includes(name) && !OF_A_PROVIDER.test(name)), []);
  });
}
