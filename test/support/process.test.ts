import t from "./tap.js";
import { run, runCli, SERVER, startServer } from "./process.js";

await t.test("a started server is ready, is heard, and ends on SIGTERM", async (t) => {
  const server = await startServer(t);
  t.equal((await fetch(`${server.url}/health/ready`)).status, 200);
  t.match(server.output(), `Authflow serves ${server.url}`);
  t.equal(await server.stop(), 0);
  await t.rejects(fetch(`${server.url}/health/live`));
});

await t.test("a killed server is gone", async (t) => {
  const server = await startServer(t);
  await server.kill();
  await t.rejects(fetch(`${server.url}/health/live`));
});

await t.test("a server that can't start says why", async (t) => {
  await t.rejects(startServer(t, { AUTHFLOW_TOKEN_TTL: "soon" }), { message: /AUTHFLOW_TOKEN_TTL must be a duration/ });
});

await t.test("the tester's settings don't reach the process", async (t) => {
  process.env.AUTHFLOW_TOKEN_TTL = "soon";
  t.teardown(() => { delete process.env.AUTHFLOW_TOKEN_TTL; });
  await (await startServer(t)).stop();
});

await t.test("programs run to their end", async (t) => {
  t.match(await runCli(["--help"]), { code: 0, stdout: "Usage: authflow", stderr: "" });
  t.match(await run(SERVER, [], { PORT: "none" }), { code: 1, stdout: "", stderr: "PORT must be" });
});

await t.test("tap's loader is not in programs that a test starts", async (t) => {
  const { stdout } = await run("--eval", ["console.log(process.env.NODE_OPTIONS, process.execArgv.join())"]);
  t.match(stdout, /^undefined [^\n]*--eval[^\n]*\n$/);
});
