import type { ServerResponse } from "node:http";
import type { Json, LyingUpstream, Reply } from "./lying-upstream.js";

/** What else a server can answer than what was asked for. Each holds the upstream's canary. */
type BadReply = (truth: unknown, upstream: LyingUpstream) => unknown;

const JSON_TYPE = { "content-type": "application/json" };
const fill = (response: ServerResponse, megabytes: number): void => {
  for (let i = 0; i < megabytes; i++) response.write(" ".repeat(1024 * 1024));
  response.end("{}");
};
/** Bytes that are no answer at all. */
const raw = (text: string): Reply => (response) => { response.socket?.end(text); };

export const page = (status: number): BadReply => (_, { canary }) => (response: ServerResponse) => {
  response.writeHead(status, { "content-type": "text/html" }).end(`<h1>${canary}</h1><script>alert(1)</script>`);
};
export const refusal = (status: number, error: unknown): BadReply => (_, { canary }) => (response: ServerResponse) => {
  response.writeHead(status, JSON_TYPE).end(JSON.stringify({ error, error_description: canary }));
};
/** An answer that is right but for its status, and leads elsewhere. */
export const redirect = (status: number, to: string): BadReply => (truth, { canary }) => (response: ServerResponse) => {
  response.writeHead(status, { ...JSON_TYPE, location: `${to}/${canary}` }).end(JSON.stringify(truth));
};
export const text = (body: (canary: string) => string): BadReply => (_, { canary }) => (response: ServerResponse) => {
  response.writeHead(200, JSON_TYPE).end(body(canary));
};
export const json = (value: (canary: string) => unknown): BadReply => (_, { canary }) => value(canary);
export const changed = (changes: Json): BadReply => (truth) => ({ ...truth as Json, ...changes });

export const silence: BadReply = () => () => undefined;
/** Headers and a beginning, and then nothing. `stuck` gets the answers that hang so. */
export const stall = (stuck: ServerResponse[] = []): BadReply => (_, { canary }) => (response: ServerResponse) => {
  stuck.push(response.writeHead(200, JSON_TYPE));
  response.write(`{"a":"${canary}`);
};
export const truncated: BadReply = (truth) => (response: ServerResponse) => {
  const body = JSON.stringify(truth);
  response.writeHead(200, { ...JSON_TYPE, "content-length": body.length })
    .write(body.slice(0, -10), () => response.destroy());
};
export const cutChunks: BadReply = (truth) => (response: ServerResponse) => {
  response.writeHead(200, JSON_TYPE).write(JSON.stringify(truth).slice(0, -10), () => response.destroy());
};
export const hangUp: BadReply = () => (response: ServerResponse) => { response.destroy(); };
export const flood = (megabytes: number): BadReply => () => (response: ServerResponse) => {
  fill(response.writeHead(200, { ...JSON_TYPE, "content-length": megabytes * 1024 * 1024 + 2 }), megabytes);
};
export const chunkedFlood = (megabytes: number): BadReply => () => (response: ServerResponse) => {
  fill(response.writeHead(200, JSON_TYPE), megabytes);
};
export const noHttp: BadReply = (_, { canary }) => raw(`${canary}\r\n\r\n`);
export const longHeader: BadReply = (_, { canary }) => raw(`HTTP/1.1 200 OK\r\nx: ${canary.repeat(2000)}\r\n\r\n{}`);
export const otherProtocol: BadReply = (_, { canary }) =>
  raw(`HTTP/1.1 101 ${canary}\r\nConnection: Upgrade\r\nUpgrade: ${canary}\r\n\r\n`);
