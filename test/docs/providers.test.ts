import t from "../support/tap.js";
import { NAMED_PROVIDERS, PROVIDER_NAMES } from "../../src/providers/table.js";
import { DOCUMENTS, text } from "./documents.js";

const index = text("docs/providers/README.md");

await t.test("the index and the folder know the same pages", async (t) => {
  const pages = DOCUMENTS.filter((path) => /^docs\/providers\/[a-z]/.test(path))
    .map((path) => path.slice("docs/providers/".length));
  t.same(pages.sort(), [...PROVIDER_NAMES, "local", "openid"].map((name) => `${name}.md`).sort());
  for (const page of pages) t.match(index, `](${page})`);
});

for (const name of PROVIDER_NAMES) {
  await t.test(`${name}'s page says what to enter where`, async (t) => {
    const page = text(`docs/providers/${name}.md`);
    const credentials = name === "apple" ? ["TEAM_ID", "KEY_ID", "PRIVATE_KEY"] : ["CLIENT_SECRET"];
    const suffixes = ["CLIENT_ID", ...credentials];
    const settings = suffixes.map((suffix) => `${name.toUpperCase()}_${suffix}`);
    t.match(page, `# ${NAMED_PROVIDERS[name].label}\n`);
    t.match(page, `https://auth.example.com/auth/${name}/callback`, "the callback URL");
    t.match(page, `/auth/${name}?response_type=code&client_id=`, "a first try");
    t.match(page, `${name}\\|`, "the subject");
    t.match(page, new RegExp(settings.map((setting) => `^${setting}(_FILE)?=.*\n`).join(""), "m"), "all settings");
    t.match(index, settings.map((setting) => `\`${setting}\``).join(", "), "also in the index");
  });
}
