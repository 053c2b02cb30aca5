import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import t from "../support/tap.js";
import { serve } from "../support/serve.js";
import { bash } from "./shell.js";
import { ROOT } from "../support/root.js";

const readme = readFileSync(resolve(ROOT, "README.md"), "utf8");

interface Step { title: string; command: string; outcome: string }

/** A numbered step is a sh block and, below it, what it prints; … stands for anything. */
const steps: Step[] = [...readme.matchAll(/^\*\*(\d\. .+?)\*\*[\s\S]*?```sh\n([\s\S]*?)```\s+```text\n([\s\S]*?)```/gm)]
  .map(([, title = "", command = "", outcome = ""]) => ({ title, command, outcome }));

t.equal(steps.length, 6, "the quick start has six steps");
const server = await serve(t);
const BOUNDARY = "=== end of step ===";
const script = steps.map(({ command }) => `${command}\necho; echo '${BOUNDARY}'\n`).join("")
  .replaceAll("http://localhost:8080", server.url);
// One shell for all: later steps use what earlier ones found out.
const outputs = (await bash(script, { AUTHFLOW_URL: server.url }, ROOT)).split(BOUNDARY);
t.equal(outputs.length, steps.length + 1, "every step ran");

for (const [index, { title, outcome }] of steps.entries()) {
  await t.test(title, async (t) => {
    const pattern = outcome.trim().split("…").map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+");
    t.match(outputs[index]?.trim(), new RegExp(`^${pattern}$`));
  });
}
