// `npm run openapi` writes openapi.yaml from the routes' schemas; `npm run openapi:check` exits 1 if it is out of date.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildApp } from "../dist/src/app.js";
import { loadConfig } from "../dist/src/config/load.js";

const file = new URL("../openapi.yaml", import.meta.url);
const data = mkdtempSync(join(tmpdir(), "authflow-openapi-"));
try {
  const app = await buildApp(loadConfig({ DATABASE_URL: `file:${join(data, "authflow.db")}`, LOG_LEVEL: "silent" }));
  await app.ready();
  const described = (await app.documentation()).swagger({ yaml: true });
  const document = `# Generated from the routes' schemas by \`npm run openapi\`.\n${described}`;
  await app.close();
  if (process.argv[2] !== "check") writeFileSync(file, document);
  else if (readFileSync(file, "utf8") === document) console.log("openapi.yaml matches the routes");
  else {
    console.error("openapi.yaml differs from the routes' schemas: run npm run openapi");
    process.exitCode = 1;
  }
} finally {
  rmSync(data, { recursive: true });
}
