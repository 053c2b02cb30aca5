import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import Sqlite from "libsql";
import t, { type Test } from "../support/tap.js";
import { usedSqlite } from "../support/keys.js";
import { freePort } from "../support/ports.js";
import { endedWith, run, SERVER, SHORT_LIVED, startServer } from "../support/process.js";
import { binary, missing, sqlite, temporaryFolder } from "../support/services.js";
import { isRunning } from "../support/npm.js";
import { until } from "./support.js";

/** The built server, which is asked in another way than by a port of localhost. */
async function start(t: Test, env: Record<string, string>) {
  const { PATH = "" } = process.env;
  const DATABASE_URL = await usedSqlite(t);
  const child = spawn(process.execPath, [...SHORT_LIVED, SERVER], {
    cwd: temporaryFolder(t), env: { PATH, DATABASE_URL, ...env }, stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => { output += String(chunk); });
  return { end: endedWith(t, child), output: () => output, isReady: () => output.includes("Authflow serves") };
}

/** Status and body of GET `path` at a Unix socket. */
async function get(socketPath: string, path: string, headers: Record<string, string> = {}) {
  const sent = request({ socketPath, path, headers }).end();
  const [response] = await once(sent, "response") as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, text };
}

await t.test("at an IPv6 address, in brackets or without, and at all addresses of both families", async (t) => {
  for (const [HOST, origins] of [["[::1]", ["[::1]"]], ["::1", ["[::1]"]], ["::", ["[::1]", "127.0.0.1"]]] as const) {
    const port = String(await freePort());
    const server = await start(t, { HOST, PORT: port });
    await until("it listens", server.isReady);
    for (const origin of origins) {
      const { status } = await fetch(`http://${origin}:${port}/health/ready`);
      t.equal(status, 200, `${HOST} ${origin}`);
    }
    t.equal(server.output().includes("because others may reach"), HOST === "::");
    await server.end("SIGTERM");
  }
});

await t.test("at a Unix socket, also one that a killed process left; its proxy is loopback", async (t) => {
  const path = join(temporaryFolder(t), "authflow.sock");
  for (const HOST of [path, `unix:${path}`]) {
    const server = await start(t, { HOST, AUTHFLOW_TRUST_PROXY: "loopback" });
    await until("it listens", server.isReady);
    t.equal(statSync(path).mode & 0o666, 0o666);
    t.equal((await get(path, "/health/ready")).status, 200);
    t.equal((await get(path, "/nowhere", { "x-forwarded-for": "203.0.113.7" })).status, 404);
    await until("it is in the log", () => server.output().includes('"ip":"203.0.113.7"'));
    t.match(await run(SERVER, [], { HOST, DATABASE_URL: await usedSqlite(t) }),
      { code: 1, stderr: /HOST \S+ is in use/ });
    await server.end("SIGKILL");
    t.ok(statSync(path).isSocket(), "its file is left");
  }
  const last = await start(t, { HOST: path });
  await until("it listens", last.isReady);
  t.equal(await last.end("SIGTERM"), 0);
  t.throws(() => statSync(path), { code: "ENOENT" });
});

await t.test("a path that can't be a socket is named with the remedy", async (t) => {
  const nowhere = join(temporaryFolder(t), "nowhere", "authflow.sock");
  t.match(await run(SERVER, [], { HOST: nowhere, DATABASE_URL: await usedSqlite(t) }),
    { code: 1, stderr: /^Authflow can't start .*\n {2}- HOST \S+ can't be made \(\w+\): name a path in a folder/ });
  const folder = temporaryFolder(t);
  const [file, link] = [join(folder, "precious"), join(folder, "link")];
  writeFileSync(file, "precious");
  symlinkSync(file, link);
  for (const HOST of [file, link, folder]) {
    t.match(await run(SERVER, [], { HOST, DATABASE_URL: await usedSqlite(t) }),
      { code: 1, stderr: /^Authflow can't start .*\n {2}- HOST \S+ is the name of a file that is no socket/ }, HOST);
  }
  t.equal(readFileSync(file, "utf8"), "precious", "and it is left alone");
});

await t.test("an idle connection stays open for AUTHFLOW_KEEP_ALIVE", async (t) => {
  const timeouts: string[] = [];
  for (const AUTHFLOW_KEEP_ALIVE of ["", "620s"]) {
    const server = await startServer(t, { DATABASE_URL: await usedSqlite(t), AUTHFLOW_KEEP_ALIVE });
    timeouts.push((await fetch(server.url)).headers.get("keep-alive") ?? "");
    await server.stop();
  }
  t.strictSame(timeouts, ["timeout=75", "timeout=620"]);

  const server = await startServer(t, { DATABASE_URL: await usedSqlite(t), AUTHFLOW_KEEP_ALIVE: "1s" });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(socket, "data");
  await once(socket.resume(), "close");
});

await t.test("a signal during the boot ends it, also where it is process 1", async (t) => {
  const DATABASE_URL = sqlite(t);
  const rival = new Sqlite(DATABASE_URL.slice("file:".length));
  t.teardown(() => rival.close());
  rival.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE"); // the boots wait for it
  if (binary("unshare") === undefined) return void missing(t, "unshare on the PATH");
  const args = ["--pid", "--fork", "--kill-child", process.execPath, SERVER];
  const ends = async (signal: NodeJS.Signals): Promise<number | null | undefined> => {
    const env = { PATH: process.env.PATH ?? "", DATABASE_URL, PORT: String(await freePort()) };
    const outer = spawn("unshare", args, { cwd: temporaryFolder(t), env, stdio: ["ignore", "pipe", "pipe"] });
    endedWith(t, outer);
    let output = "";
    outer.stderr.on("data", (chunk: Buffer) => { output += String(chunk); });
    const [first] = await Promise.race([once(outer.stdout, "data"), once(outer, "exit")]) as [Buffer | number];
    if (!Buffer.isBuffer(first)) return missing(t, "the right to make a PID namespace (unshare)", output);
    t.match(String(first), /"pid":1,.*waiting for the lock/, "process 1, which waits");
    const children = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, "utf8");
    const child = Number(children.trim());
    process.kill(child, signal);
    await until(`it has ended by ${signal}`, () => !isRunning(child));
    await until("unshare too", () => outer.exitCode !== null);
    return outer.exitCode;
  };
  const codes = await Promise.all((["SIGTERM", "SIGINT", "SIGHUP"] as const).map(ends));
  if (!codes.includes(undefined)) t.strictSame(codes, [143, 130, 129]);
});
