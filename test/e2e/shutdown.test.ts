import { once } from "node:events";
import { connect, type Socket } from "node:net";
import t from "../support/tap.js";
import { usedSqlite } from "../support/keys.js";
import { isRunning, startNpm } from "../support/npm.js";
import { freePort } from "../support/ports.js";
import { startServer } from "../support/process.js";
import { at, until } from "./support.js";

/** Sends all of a POST but its body, and waits until the server has accepted it (RFC 9110 §10.1.1). */
async function begin(url: string, path: string, body: object, headers: Record<string, string> = {}) {
  const text = JSON.stringify(body);
  const { port, host } = new URL(url);
  const socket = connect({ port: Number(port), host: "127.0.0.1" });
  let received = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => { received += chunk; });
  const closed = once(socket, "close");
  const entity = { "content-type": "application/json", "content-length": text.length };
  const head = { host, ...entity, expect: "100-continue", ...headers };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  socket.write([`POST ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
  await until("the server has the request", () => received.startsWith("HTTP/1.1 100 Continue"));
  return {
    /** Sends the body and more, and breaks the connection. */
    abort: (more: string): void => { socket.write(text + more, () => { socket.resetAndDestroy(); }); },
    /** Sends the body; resolves to the status of the answer. */
    finish: async (): Promise<number> => {
      socket.write(text);
      await Promise.race([closed, until("it is answered", () => /\r\n\r\nHTTP\/1\.1 \d{3}/.test(received))]);
      socket.destroy();
      return Number(/\r\n\r\nHTTP\/1\.1 (\d{3})/.exec(received)?.[1]);
    },
  };
}

const isClosed = (url: string): Promise<boolean> => fetch(`${url}/health/live`).then(() => false, () => true);

await t.test("SIGTERM closes the port, lets every request in flight finish, and ends with 0", async (t) => {
  const env = { DATABASE_URL: await usedSqlite(t) };
  const server = await startServer(t, env);
  const service = at(server.url);
  const client = await service.register();
  const token = await service.token(client);
  const { client_id, client_secret } = client;
  const inFlight = await Promise.all([
    ...Array.from({ length: 5 }, () => begin(server.url, "/mint", { client_id, client_secret, sub: "alice" })),
    begin(server.url, "/clients", { name: "late", redirect_uri: "https://late.example/callback" }),
    begin(server.url, "/logout", {}, { authorization: `Bearer ${token}` }),
  ]);
  const ended = server.stop();
  await until("the port is closed", () => isClosed(server.url));
  const answers = await Promise.all(inFlight.map(({ finish }) => finish()));
  t.same(answers, [200, 200, 200, 200, 200, 201, 200]);
  t.equal(await ended, 0);

  const next = at((await startServer(t, env)).url);
  t.equal((await next.userinfo(token)).status, 401, "the last logout is in effect on the same file");
  t.equal((await next.mint(client)).status, 200);
});

await t.test("under load, what was acknowledged before the end is in effect after it", async (t) => {
  const env = { DATABASE_URL: await usedSqlite(t), LOG_LEVEL: "warn" };
  const server = await startServer(t, env);
  const service = at(server.url);
  const client = await service.register();
  const acknowledged: string[] = [];
  const others: number[] = [];
  const lanes = Promise.allSettled(Array.from({ length: 6 }, async () => {
    for (;;) {
      const minted = await service.mint(client);
      const answer = minted.status === 200 ? await service.logout(minted.body.access_token as string) : minted;
      if (answer.status === 200) acknowledged.push(minted.body.access_token as string);
      else if (others.push(answer.status) > 100) return;
    }
  }));
  await until("there is load", () => acknowledged.length > 30);
  t.equal(await server.stop(), 0);
  await lanes; // each ends with its connection
  t.same(others.filter((status) => status !== 503), [], "late requests are sent away, none fails");
  t.equal(server.output().replace(/.*"level":40.*\n/g, ""), "", "and none is an error in the log");

  const next = at((await startServer(t, env)).url);
  const refused = await Promise.all(acknowledged.map(next.userinfo));
  t.equal(refused.filter(({ status }) => status === 401).length, acknowledged.length);
});

await t.test("connections that ask for nothing hold nothing up", async (t) => {
  const server = await startServer(t, { DATABASE_URL: await usedSqlite(t) });
  const port = Number(new URL(server.url).port);
  const sockets: Socket[] = [];
  t.teardown(() => { for (const socket of sockets) socket.destroy(); });
  for (const greeting of ["", "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"]) {
    const socket = connect({ port, host: "127.0.0.1" });
    sockets.push(socket);
    await once(socket, "connect");
    if (greeting === "") continue;
    socket.write(greeting);
    await once(socket, "data");
  }
  t.equal(await server.stop(), 0);
});

await t.test("whatever does not end is cut off in time, and the process ends with 0", async (t) => {
  const server = await startServer(t, { DATABASE_URL: await usedSqlite(t) });
  const client = await at(server.url).register();
  const { client_id, client_secret } = client;
  await begin(server.url, "/mint", { client_id, client_secret, sub: "alice" }); // its body never comes
  const token = await at(server.url).token(client);
  const reset = await begin(server.url, "/logout", { everywhere: true }, { authorization: `Bearer ${token}` });
  reset.abort("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(5));
  t.equal(await server.stop(), 0);
  t.match(server.output(), /requests did not end in time/);
});

await t.test("signals that come again and again end nothing that runs, other signals too", async (t) => {
  const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
  for (const signal of signals) {
    const server = await startServer(t, { DATABASE_URL: await usedSqlite(t) });
    const registration = { name: "late", redirect_uri: "https://late.example/callback" };
    const inFlight = await begin(server.url, "/clients", registration);
    const end = performance.now() + 300;
    while (performance.now() < end) {
      for (let i = 0; i < 1000; i++) process.kill(server.pid, signal);
      await new Promise(setImmediate);
    }
    await until("the port is closed", () => isClosed(server.url));
    for (const other of signals) process.kill(server.pid, other);
    t.equal(await inFlight.finish(), 201, signal);
    t.equal(await server.stop(), 0);
  }
});

const ENDINGS = [["SIGTERM", "npm"], ["SIGINT", "npm"], ["SIGINT", "everybody"], ["SIGHUP", "everybody"]] as const;
for (const [signal, whom] of ENDINGS) {
  await t.test(`${signal} to ${whom} ends what npm start began, and lets a request finish`, async (t) => {
    const port = String(await freePort());
    const url = `http://localhost:${port}`;
    const npm = startNpm(t, "start", { DATABASE_URL: await usedSqlite(t), PORT: port });
    await until("it listens", () => npm.output().includes("Authflow serves"));
    const pid = Number(/"pid":(\d+)/.exec(npm.output())?.[1]);
    t.ok(isRunning(pid), "the server is a process of its own");
    const inFlight = await begin(url, "/clients", { name: "late", redirect_uri: "https://late.example/callback" });
    const ended = npm.signal(signal, whom);
    await until("the port is closed", () => isClosed(url));
    const again = npm.signal(signal, whom); // npm passes on what the terminal has sent to the server already
    t.equal(await inFlight.finish(), 201);
    await Promise.all([ended, again]);
    await until("the server has ended", () => !isRunning(pid)); // npm does not wait for it after SIGHUP
  });
}
