import dns, { type LookupAddress } from "node:dns";
import { type AddressInfo, createConnection } from "node:net";
import t from "../support/tap.js";
import { basic, testApp } from "../support/app.js";
import { exchange } from "../support/raw-http.js";

const SECURE = {
  "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
  "cache-control": "no-store", "strict-transport-security": /max-age=\d{8}/,
  "content-security-policy": /default-src 'none'.*frame-ancestors 'none'/,
};
const PUBLIC = {
  AUTHFLOW_PUBLIC_URL: "https://id.example.com", AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
  AUTHFLOW_REGISTRATION: "closed", HOST: "127.0.0.1",
};
const lines = (...all: string[]): string => `${all.join("\r\n")}\r\nConnection: close\r\n\r\n`;
const live = (...headers: string[]): string => lines("GET /health/live HTTP/1.1", ...headers);

const ANSWERS: [what: string, bytes: string, status: number, description: RegExp][] = [
  ["no HTTP", "\u0016\u0003\u0001\r\n\r\n", 400, /not a valid HTTP request/],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, /not a valid HTTP request/],
  ["no such method", lines("BREW /mint HTTP/1.1", "Host: a"), 400, /not a valid HTTP request/],
  ["two lengths", lines("POST /mint HTTP/1.1", "Host: a", "Content-Length: 1", "Content-Length: 2"),
    400, /not a valid HTTP request/],
  ["a length and chunks", lines("POST /mint HTTP/1.1", "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"),
    400, /not a valid HTTP request/],
  ["a line end in a header", live("Host: a", "X: a\u0000b"), 400, /not a valid HTTP request/],
  ["no Host", live(), 400, /Host once/],
  ["two Hosts", live("Host: a", "host: a"), 400, /Host once/],
  ["no valid Host", live("Host: a b"), 400, /Host once/],
  ["a Host with a path", live("Host: a/b"), 400, /Host once/],
  ["a Host with a user", live("Host: a@b"), 400, /Host once/],
  ["an unknown expectation", live("Host: a", "Expect: 200-ok"), 417, /100-continue only/],
  ["long headers", live("Host: a", `X: ${"x".repeat(17_000)}`), 431, /at most 16 KiB/],
  ["a long query", lines(`GET /health/live?${"x".repeat(17_000)} HTTP/1.1`, "Host: a"), 431, /at most 16 KiB/],
  ["a tunnel", lines("CONNECT a:443 HTTP/1.1", "Host: a:443"), 501, /not a proxy/],
  ["a bad path", lines("GET /%zz HTTP/1.1", "Host: a"), 400, /not a valid URL path/],
  ["an unknown path", lines("GET http://a/nowhere HTTP/1.1", "Host: a"), 404, /does not exist/],
];

/** The addresses that `localhost` has on most machines; this one may have only one of them. */
function giveLocalhostTwoAddresses(): () => void {
  const { lookup } = dns;
  type Callback = (error: null, addresses: LookupAddress[]) => void;
  dns.lookup = ((host: string, options: { all?: boolean }, callback: Callback) => {
    if (host !== "localhost" || options.all !== true) return void lookup(host, options, callback as never);
    callback(null, [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }]);
  }) as never;
  return () => { dns.lookup = lookup; };
}

const app = await testApp(t, PUBLIC);
const restore = giveLocalhostTwoAddresses();
const url = await app.fastify.listen({ port: 0, host: "localhost" }).finally(restore);
const { port } = new URL(url);
const addresses = (app.fastify.addresses() as AddressInfo[]).map(({ address }) => address);
t.strictSame([...addresses].sort(), ["127.0.0.1", "::1"]);

for (const address of addresses) {
  for (const [what, bytes, status, description] of ANSWERS) {
    await t.test(`${what} is answered in JSON with all security headers, at ${address}`, async (t) => {
      const answer = await exchange(address, Number(port), bytes);
      t.match(answer, { status, body: { error: String, error_description: description }, headers: SECURE });
      t.match(answer.headers, { "content-type": "application/json; charset=utf-8", connection: "close" });
      t.equal(answer.headers["content-length"], String(Buffer.byteLength(answer.text)));
    });
  }

  await t.test(`what is valid but rare is answered as ever, at ${address}`, async (t) => {
    const rare = [
      lines("GET /health/live HTTP/1.0"), live("Host: [::1]:8080"), live("Host:"), live("Host: my_host.example:80"),
      lines("GET http://id.example.com/health/live?x=1 HTTP/1.1", "Host: a"),
      lines("GET /%68ealth/liv%65 HTTP/1.1", "Host: a"),
      "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n" +
        "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
      live("Host: a", "Expect: 100-Continue"),
    ];
    for (const bytes of rare) {
      const text = (await exchange(address, Number(port), bytes)).text;
      t.match(text, /"status":"up"|HTTP\/1\.1 200 OK/, bytes.replaceAll("\r\n", " "));
    }
  });

  await t.test(`a stream is not interrupted by the answer to what follows it, at ${address}`, async (t) => {
    const client = await app.register();
    const socket = createConnection(Number(port), address);
    t.teardown(() => socket.destroy());
    socket.write("GET /revocations/stream HTTP/1.1\r\nHost: a\r\n" +
      `Authorization: ${basic(client).authorization}\r\n\r\n`);
    let received = "";
    for await (const chunk of socket) {
      received += String(chunk);
      if (received.includes("event: current")) socket.write("garbage\r\n\r\n");
    }
    t.notMatch(received, /HTTP\/1\.1 400|not a valid HTTP request/);
  });
}
