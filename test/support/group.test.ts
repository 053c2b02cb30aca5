import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import t from "./tap.js";
import { run } from "./process.js";
import { moduleFile } from "./root.js";
import { temporaryFolder } from "./services.js";

await t.test("what nobody catches fails the subtest that runs, and the next file runs", async (t) => {
  const group = join(temporaryFolder(t), "group.mjs");
  const files = ["thrown", "rejected", "none"].map((name) => `test/support/uncaught/${name}.ts`);
  writeFileSync(group, `import { runFiles } from "${pathToFileURL(moduleFile("test/support/group")).href}";
await runFiles(${JSON.stringify(files)});
`);
  const { code, stdout } = await run(group, []);
  t.equal(code, 1);
  t.strictSame(stdout.match(/^ +(not )?ok \d+ - .*?(?=( # time=.*)?$)/gm)?.map((line) => line.trimStart()), [
    "not ok 1 - thrown by a timer", "not ok 1 - a subtest that never ends", `not ok 1 - ${files[0]}`,
    "not ok 1 - rejected, and nobody handles it", "not ok 1 - a subtest that goes on", `not ok 2 - ${files[1]}`,
    "ok 1 - the files after it still run", `ok 3 - ${files[2]}`,
  ]);
});
