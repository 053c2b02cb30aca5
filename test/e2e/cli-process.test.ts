import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import t from "../support/tap.js";
import { cli } from "../support/cli.js";
import { CLI, runCli } from "../support/process.js";
import { sqlite } from "../support/services.js";
import type { Credentials } from "./support.js";

// What only a process of its own shows. The commands themselves are tested in cli.test.ts.

await t.test("the program prints its version and its help", async (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  t.strictSame(await runCli(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
  t.match(await runCli(["--help"]), { code: 0, stdout: /^Usage: authflow /, stderr: "" });
});

await t.test("results alone go to standard output, whatever is logged", async (t) => {
  const env = { DATABASE_URL: sqlite(t), LOG_LEVEL: "trace" };
  const added = await runCli(["clients", "add", "app", "https://a.example/cb"], env);
  t.match(added, { code: 0, stdout: /^\{\n/, stderr: /^\{.*"command":"clients add".*\}\n$/ });
  const { client_id: id } = JSON.parse(added.stdout) as Credentials;
  const listed = await runCli(["clients", "list"], env);
  t.strictSame(listed, { code: 0, stdout: `${id}  enabled   1 secret  app\n`, stderr: "" });
});

await t.test("what fails ends with exit code 1 and without a stack trace", async (t) => {
  const env = { DATABASE_URL: "postgres://authflow:a-password@127.0.0.1:1/x" };
  for (const args of [["nonsense"], ["clients", "list"], ["serve"]]) {
    const { code, stdout, stderr } = await runCli(args, env);
    t.strictSame({ code, stdout }, { code: 1, stdout: "" });
    t.match(stderr, /unknown command|DATABASE_URL.*ECONNREFUSED/);
    t.notMatch(stderr, /\n +at |node:internal|a-password/);
  }
  t.match(await runCli(["doctor"], { ...env, AUTHFLOW_PUBLIC_URL: "http://localhost:1" }),
    { code: 1, stdout: /1 problem found\.\n$/, stderr: "" });
});

await t.test("a reader that closes the pipe early ends the command without noise", async (t) => {
  const env = { DATABASE_URL: sqlite(t) };
  // Longer than the 64 KiB that a pipe takes in: head leaves after one byte, and the command meets a closed pipe.
  const uris = Array.from({ length: 20 }, (_, i) => `https://a.example/${"x".repeat(2000)}/${i}`);
  for (const name of ["one", "two", "three"]) t.equal((await cli(["clients", "add", name, ...uris], env)).code, 0);
  const script = '"$0" "$1" clients list --json | head -c 1';
  const { stdout, stderr } = await promisify(execFile)("sh", ["-c", script, process.execPath, CLI], {
    env: { PATH: process.env.PATH, ...env },
  });
  t.equal(stdout, "[");
  t.equal(stderr, "");
});
