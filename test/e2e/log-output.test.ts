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
