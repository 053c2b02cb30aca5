import { once } from "node:events";
import { connect, type Socket } from "node:net";
import t from "../support/tap.js";
import { until } from "../e2e/support.js";
import { basic, bearer, testApp } from "../support/app.js";

const JSON_TYPE = { "Content-Type": "application/json" };
const request = (line: string, headers: Record<string, string>, body?: string): string => {
  const length = body === undefined ? {} : { "Content-Length": String(body.length) };
  const lines = Object.entries({ Host: "localhost", ...length, ...headers })
    .map(([name, value]) => `${name}: ${value}`);
  return [`${line} HTTP/1.1`, ...lines, "", body ?? ""].join("\r\n");
};

/** An app that listens, with a client and two tokens; `received`: how many requests it has. */
async function listening(timing: Record<string, number> = {}) {
  const app = await testApp(t, {}, { timing: { shutdownLimit: 500, ...timing } });
  const client = await app.register();
  const port = Number(new URL(await app.fastify.listen({ host: "127.0.0.1", port: 0 })).port);
  let received = 0;
  app.fastify.server.on("request", () => { received++; });
  const send = async (text: string): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
    t.teardown(() => { socket.destroy(); });
    await once(socket, "connect");
    socket.write(text);
    return socket;
  };
  return { app, client, send, received: () => received };
}

const EVERYWHERE = JSON.stringify({ everywhere: true });
const slow = (token: string): string => // it is answered after `cutoffWait`
  request("POST /logout", { ...JSON_TYPE, Authorization: `Bearer ${token}` }, EVERYWHERE);

await t.test("close ends with the last of many pipelined requests", async () => {
  const { app, client, send, received } = await listening({ cutoffWait: 50, shutdownLimit: 60_000 });
  const token = await app.mint({}, client);
  const socket = await send(slow(token) + request("GET /health/live", {}).repeat(3));
  let answers = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => { answers += chunk; });
  await until("all have arrived", () => received() === 4);
  await app.fastify.close();
  await until("all are answered", () => answers.split("HTTP/1.1 200").length === 5);
});

await t.test("close ends though pipelined requests were reset", async () => {
  const { app, client, send, received } = await listening({ cutoffWait: 50, shutdownLimit: 60_000 });
  const token = await app.mint({}, client);
  const socket = await send(slow(token) + request("GET /health/live", {}).repeat(3));
  await until("all have arrived", () => received() === 4);
  socket.resetAndDestroy();
  await app.fastify.close();
});

const UNFINISHED: [what: string, text: (basic: Record<string, string>, token: string) => string][] = [
  ["headers that do not end", () => "GET /userinfo HTTP/1.1\r\nHost: localhost\r\n"],
  ["half a body", (headers) => request("POST /mint", { ...JSON_TYPE, ...headers }, '{"sub":"a"}').slice(0, -5)],
  ["half a body that no route wants", () => request("POST /nowhere", JSON_TYPE, '{"sub":"a"}').slice(0, -5)],
  ["half a chunked body", (headers) =>
    `${request("POST /mint", { ...JSON_TYPE, ...headers, "Transfer-Encoding": "chunked" })}ffff\r\n{"sub":`],
  ["a body of which nothing came", (headers) =>
    request("POST /mint", { ...JSON_TYPE, ...headers, "Content-Length": "9" })],
  ["a stream that is not read", (headers) => request("GET /revocations/stream", headers)],
  ["a finished request before half of one", (headers, token) =>
    request("GET /userinfo", bearer(token)) + request("POST /mint", { ...JSON_TYPE, ...headers }, "{}").slice(0, -1)],
];
for (const [what, text] of UNFINISHED) {
  await t.test(`close ends in time in spite of ${what}`, async () => {
    const { app, client, send } = await listening();
    const token = await app.mint({}, client);
    for (let i = 0; i < 3; i++) (await send(text(basic(client), token))).pause();
    const again = await send(request("GET /health/live", {}));
    await once(again, "data"); // so what was sent before has arrived too
    await app.fastify.close();
  });
}

await t.test("a request that does not arrive in time is answered 408, and its connection ends", async (t) => {
  const SLOW: [what: string, text: (basic: Record<string, string>) => string][] = [
    ["a header", () => "GET /userinfo HTTP/1.1\r\nHost: localhost\r\nX-Long: "],
    ["a body", (headers) => request("POST /mint", { ...JSON_TYPE, ...headers, "Content-Length": "9999" })],
  ];
  for (const [what, text] of SLOW) {
    const { client, send } = await listening({ requestTimeout: 200 });
    const socket = await send(text(basic(client)));
    let answer = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => { answer += chunk; });
    const trickle = setInterval(() => { socket.write(" "); }, 20); // what arrives slowly is late all the same
    await once(socket, "close");
    clearInterval(trickle);
    t.match(answer, /^HTTP\/1\.1 408 /, what);
  }
});
