// `npm run bench:scale [-- --only revocations,lists,feed,minting,replicas …]` measures what revocation costs at
// scale and writes the tables in docs/scale-appendix.md. Needs redis-server, redis-cli and a PostgreSQL server.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startGenerator } from "./measuring.mjs";
import { measureFeed } from "./scale/feed.mjs";
import { measureReplicas } from "./scale/many-replicas.mjs";
import { measureMinting } from "./scale/minting.mjs";
import { measureRevocations } from "./scale/revocations.mjs";
import { measureStatusLists } from "./scale/status-lists.mjs";
import { TABLES } from "./scale/tables.mjs";

const number = (fallback) => ({ type: "string", default: String(fallback) });
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "revocations,lists,feed,minting,replicas" },
    server: { type: "string" }, out: { type: "string" },
    live: number(10_000_000), subscribers: number(10_000), replicas: number("24,1000"), running: number(24),
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = options.out ?? here("../docs/scale-appendix.md");
const entry = options.server ?? here("../dist/src/server.js");
const sizes = {
  live: Number(options.live), subscribers: Number(options.subscribers),
  replicas: options.replicas.split(",").map(Number), running: Number(options.running),
};

const begin = performance.now();
const log = (line) => { console.error(`${((performance.now() - begin) / 1000).toFixed(0).padStart(4)} s  ${line}`); };
const PARTS = {
  revocations: measureRevocations, lists: measureStatusLists, feed: measureFeed, minting: measureMinting,
  replicas: measureReplicas,
};

const dir = mkdtempSync(join(os.tmpdir(), "authflow-scale-"));
const generator = startGenerator(32);
try {
  for (const name of options.only.split(",")) {
    const closing = [];
    try {
      const results = await PARTS[name]({ entry, dir, log, closing, generator, sizes });
      write(name, TABLES[name](results));
    } finally {
      for (const close of closing.reverse()) await close();
    }
  }
} finally {
  await generator.stop();
  rmSync(dir, { recursive: true, force: true });
  log("done");
}

/** Replaces the text between `<!-- begin measured <name> -->` and `<!-- end measured -->`. */
function write(name, text) {
  console.log(text);
  const page = readFileSync(out, "utf8");
  const place = new RegExp(`(<!-- begin measured ${name} -->\n)[\\s\\S]*?(<!-- end measured -->)`);
  if (!place.test(page)) throw new Error(`${out} has no marker <!-- begin measured ${name} -->: add one`);
  writeFileSync(out, page.replace(place, (_all, begin, end) => `${begin}${text}\n${end}`));
}
