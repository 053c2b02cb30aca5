// `node scripts/docs.mjs` writes the generated parts of the documents: the README's settings table and .env.example
// from src/config/settings.ts, snippets from examples/. `node scripts/docs.mjs check` exits 1 if they are out of date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { SETTINGS, settingNotes } from "../dist/src/config/settings.js";

const root = resolve(import.meta.dirname, "..");
const names = Object.keys(SETTINGS.properties);
const read = (path) => readFileSync(resolve(root, path), "utf8");
const LANGUAGES = { mjs: "js", py: "python", go: "go", java: "java", rb: "ruby", conf: "conf", cfg: "toml",
  yml: "yaml", xml: "xml", txt: "text" };

const ENV_HEADER = `# Authflow's settings. Every line is optional: what is commented out has the value shown.
# To use it: cp .env.example .env, and edit .env. docker compose reads that file by itself. npm start and npx authflow
# do not: after npm run build, start the service by node --env-file=.env dist/src/server.js, and the command line by
# node --env-file=.env dist/src/cli.js.
# Generated from src/config/settings.ts by scripts/docs.mjs.
`;

const code = (text) => `\`${text}\``;
const cell = (text) => text.replaceAll("|", "\\|");

function settingsTable() {
  const rows = names.map((name) => {
    const { description, default: fallback, unset, secret } = settingNotes(name);
    const otherwise = fallback ? code(fallback) : cell(unset ?? "");
    return `| ${code(name)}${secret ? " ¹" : ""} | ${cell(description)} | ${otherwise} |`;
  });
  return ["| variable | what it does | default, or what happens when unset |", "|---|---|---|", ...rows, "",
    `¹ A secret: ${code("NAME_FILE")} reads it from a file instead.`].join("\n");
}

/** In lines of at most 120 characters. */
function comment(text) {
  const lines = ["#"];
  for (const word of text.split(" ")) {
    if (`${lines.at(-1)} ${word}`.length > 120) lines.push("#");
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.join("\n");
}

function envExample() {
  const blocks = names.map((name) => {
    const { description, remedy, default: fallback, unset, secret } = settingNotes(name);
    const notes = [
      description,
      `Takes ${remedy}.`,
      ...(unset ? [`Unset: ${unset}.`] : []),
      ...(secret ? [`A secret: ${name}_FILE reads it from a file instead.`] : []),
    ];
    return [...notes.map(comment), `#${name}=${fallback ?? ""}`].join("\n");
  });
  return `${ENV_HEADER}\n${blocks.join("\n\n")}\n`;
}

/** The part of an example that documents show: the lines between `snippet:on` and `snippet:off`, else all lines. */
function snippet(path) {
  const source = read(path);
  const shown = [...source.matchAll(/^.*snippet:on\n([\s\S]*?)^.*snippet:off$/gm)].map(([, part]) => part.trim());
  return `\`\`\`${LANGUAGES[path.split(".").at(-1)]}\n${shown.length > 0 ? shown.join("\n\n") : source.trim()}\n\`\`\``;
}

/** Fills `<!-- begin settings -->…<!-- end -->` and `<!-- begin snippet <path> -->…<!-- end -->`. */
const fill = (text) => text.replace(/(<!-- begin (settings|snippet (\S+)) -->\n)[\s\S]*?(<!-- end -->)/g,
  (_all, begin, what, path, end) => `${begin}${what === "settings" ? settingsTable() : snippet(path)}\n${end}`);

const pages = ["README.md", ...readdirSync(resolve(root, "docs"), { recursive: true }).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith(".md"));
const wanted = new Map([[".env.example", envExample()], ...pages.map((page) => [page, fill(read(page))])]);
const current = (path) => { try { return read(path); } catch { return undefined; } };
const stale = [...wanted].filter(([path, text]) => current(path) !== text);

if (process.argv[2] !== "check") for (const [path, text] of stale) writeFileSync(resolve(root, path), text);
else if (stale.length > 0) process.exitCode = 1;
const verb = process.argv[2] === "check" ? "differs from its sources: run npm run docs" : "written";
for (const [path] of stale) console.log(`${path} ${verb}`);
if (stale.length === 0) console.log("the documents agree with the settings and the examples");
