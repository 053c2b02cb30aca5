import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import t from "../support/tap.js";
import { DEMO, demoPorts, startDemo } from "../support/demo.js";
import { listen } from "../support/openid.js";
import { startNpm } from "../support/npm.js";
import { run } from "../support/process.js";
import { temporaryFolder } from "../support/services.js";
import { until } from "./support.js";

const answers = (url: string): Promise<boolean> => fetch(url).then(() => true, () => false);

// SIGINT is below: sent twice, and to all processes of a terminal.
await t.test("SIGTERM ends every part of the demo, and nothing is left behind", async (t) => {
  const demo = await startDemo(t);
  const urls = Object.keys(demo.env).filter((name) => name.startsWith("DEMO_"))
    .map((name) => `http://localhost:${demo.env[name]}/`);
  t.equal(urls.length, 5);
  t.same(await Promise.all(urls.map(answers)), [true, true, true, true, true], "all parts answer");
  t.equal(readdirSync(demo.folder).length, 1, "it has a folder while it runs");
  t.equal(await demo.end("SIGTERM"), 0);
  t.same(await Promise.all(urls.map(answers)), [false, false, false, false, false], "no part answers");
  t.same(readdirSync(demo.folder), []);
});

await t.test("Ctrl-C may arrive more than once: npm passes on what the terminal sent to it too", async (t) => {
  const demo = await startDemo(t);
  const ended = demo.end("SIGINT");
  // A second signal is lost while the first one is pending. So signals are sent until the demo has ended.
  const again = setInterval(() => { void demo.end("SIGINT"); }, 1);
  t.equal(await ended, 0);
  clearInterval(again);
  t.same(readdirSync(demo.folder), []);
});

await t.test("a port that is taken is named, with the way out", async (t) => {
  for (const name of Object.keys(await demoPorts())) {
    const taken = String(await listen(t, createServer()));
    const folder = temporaryFolder(t);
    const { code, stdout, stderr } = await run(DEMO, [], { TMPDIR: folder, ...await demoPorts(), [name]: taken });
    t.equal(code, 1, name);
    t.match(stderr, new RegExp(`Port ${taken} is used by another program`));
    t.match(stderr, new RegExp(`  ${name}=\\d+ npm run demo\n`));
    t.notMatch(stderr, /    at /, "no stack");
    t.notMatch(stdout, "Open this");
    t.same(readdirSync(folder), [], "nothing is left behind");
  }
});

await t.test("settings that can't be are refused before anything starts", async (t) => {
  const mine = { DEMO_PROVIDER_CLIENT_ID: "mine", DEMO_PROVIDER_REDIRECT_URI: "http://localhost/" };
  const mistakenUri = (uri: string): [Record<string, string>, RegExp] => [
    { ...mine, DEMO_PROVIDER_REDIRECT_URI: uri },
    new RegExp(`^DEMO_PROVIDER_REDIRECT_URI must be .*, not "${uri}"\\.$`, "m"),
  ];
  const cases: [Record<string, string>, RegExp][] = [
    [{ DEMO_API_PORT: "eighty" }, /^DEMO_API_PORT must be a port from 1 to 65535, not "eighty"\.$/m],
    [{ DEMO_API_PORT: "65536" }, /^DEMO_API_PORT must be a port from 1 to 65535/m],
    [{ DEMO_APP_PORT: "8082", DEMO_API_PORT: "8082" },
      /^DEMO_APP_PORT and DEMO_API_PORT are both 8082: choose another one for either\.$/m],
    [{ DEMO_PROVIDER_CLIENT_ID: "mine" }, /^DEMO_PROVIDER_CLIENT_ID and [^]*: set DEMO_PROVIDER_REDIRECT_URI too\.$/m],
    [{ DEMO_PROVIDER_REDIRECT_URI: "http://localhost/" }, /: set DEMO_PROVIDER_CLIENT_ID too\.$/m],
    [{ DEMO_PROVIDER_CLIENT_SECRET: "mine" }, /: set DEMO_PROVIDER_CLIENT_ID too\.$/m],
    ...["localhost:3000", "https://", "ftp://localhost/", "http://localhost/#", "/callback"].map(mistakenUri),
    [{ ...mine, DEMO_PROVIDER_CLIENT_SECRET: "Schlüssel" },
      /^DEMO_PROVIDER_CLIENT_SECRET takes letters, digits and signs of ASCII only\.$/m],
  ];
  for (const [env, message] of cases) {
    const { code, stderr } = await run(DEMO, [], { ...await demoPorts(), ...env });
    t.equal(code, 1);
    t.match(stderr, message);
    t.notMatch(stderr, /    at /, "no stack");
  }
});

await t.test("a signal while it starts leaves nothing behind either", async (t) => {
  const folder = temporaryFolder(t);
  const child = spawn(process.execPath, [DEMO], {
    env: { PATH: process.env.PATH, TMPDIR: folder, ...await demoPorts() }, stdio: "ignore",
  });
  t.teardown(() => { child.kill("SIGKILL"); });
  while (readdirSync(folder).length === 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
  child.kill("SIGTERM");
  await once(child, "exit");
  t.same(readdirSync(folder), []);
});

for (const [signal, whom] of [["SIGTERM", "npm"], ["SIGINT", "everybody"], ["SIGHUP", "everybody"]] as const) {
  await t.test(`${signal} to ${whom} ends what npm run demo began, and nothing is left behind`, async (t) => {
    const folder = temporaryFolder(t);
    const npm = startNpm(t, "demo", { TMPDIR: folder, ...await demoPorts() });
    await until("it is running", () => npm.output().includes("Ctrl-C stops the demo"));
    const [, url = ""] = /^ +(http\S+)$/m.exec(npm.output()) ?? [];
    t.ok(await answers(url));
    const files = readdirSync(folder);
    await npm.signal(signal, whom);
    await until("its port is closed", async () => !await answers(url));
    await until("its folder is gone", () => readdirSync(folder).length === 0);
    t.not(files.length, 0, "there was one");
  });
}
