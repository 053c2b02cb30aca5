import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import t from "../support/tap.js";
import { startServer } from "../support/process.js";

await t.test("the lines of requests that came together are whole, each once, and none is lost", async (t) => {
  const server = await startServer(t);
  const paths = Array.from({ length: 200 }, (_, i) => `/nothing-${i}`);
  await Promise.all(paths.map((path) => fetch(server.url + path)));
  t.equal(await server.stop(), 0);
  const lines = server.output().trim().split("\n").map((line) => JSON.parse(line) as { path?: string; msg: string });
  const logged = lines.flatMap(({ path }) => (path?.startsWith("/nothing-") ? [path] : []));
  t.strictSame(logged.sort(), paths.sort());
  t.equal(lines.at(-1)?.msg, "closing");
});

/** Writes a line and ends in the same turn of the event loop, once it is told to. */
const PROGRAM = `
  import { logOutput } from ${JSON.stringify(new URL("../../plugins/http/log-output.js", import.meta.url).href)};
  process.once("message", () => { logOutput().write("the last line\\n"); process.exit(0); });
  process.send("ready");`;

await t.test("the process ends at a pipe whose reader is gone", async (t) => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM],
    { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child, "message");
  child.stdout?.destroy();
  await once(child.stdout as Readable, "close");
  child.send("end");
  t.strictSame(await once(child, "exit"), [0, null]);
});
