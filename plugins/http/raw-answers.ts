import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import fp from "fastify-plugin";
import { invalidRequest } from "../../src/shared/errors.js";
import { isRepeated } from "./repeated-header.js";

type Headers = Readonly<Record<string, string>>;

const PARSER_ERRORS: Record<string, [status: number, description: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The extensions of the body's chunks are too long"],
  HPE_HEADER_OVERFLOW: [431, "The request's headers must be at most 16 KiB"],
};
const BAD_REQUEST = [400, "This is not a valid HTTP request"] as const;
/** RFC 3986 §3.2.2 and §3.2.3. */
const HOST = /^[A-Za-z0-9._~%!$&'()*+,;=:[\]-]*$/;

/** Answers bytes that Node could not parse as an HTTP request. No route, hook or handler sees them. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket, headers: Headers): void {
  // As in Node's own handler: an answer that has begun, such as a stream, must not get another one in its middle.
  const { _httpMessage: begun } = socket as Socket & { _httpMessage?: ServerResponse | null };
  if (!socket.writable || error.code === "ECONNRESET" || begun?.headersSent === true) return void socket.destroy();
  const [status, description] = PARSER_ERRORS[error.code ?? ""] ?? BAD_REQUEST;
  answerOn(socket, status, headers, { error: "invalid_request", error_description: description });
}

function answerOn(socket: Socket, status: number, headers: Headers, content: object): void {
  const body = JSON.stringify(content);
  const lines = Object.entries(answerHeaders(body, headers)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
}

const answerHeaders = (body: string, headers: Headers): Record<string, string> => ({
  ...headers, "content-type": "application/json; charset=utf-8", "content-length": String(Buffer.byteLength(body)),
  connection: "close",
});

/** Answers, with the headers of every answer, what Node's server would answer itself or not at all. */
export default fp(async (app) => {
  const { securityHeaders: headers } = app;
  const refuseExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
    const body = JSON.stringify({ error: "invalid_request", error_description: "Expect can be 100-continue only" });
    response.writeHead(417, answerHeaders(body, headers)).end(body);
  };
  const refuseTunnel = (_request: IncomingMessage, socket: Socket): void => {
    answerOn(socket, 501, headers, { error: "invalid_request", error_description: "Authflow is not a proxy" });
  };
  app.addHook("onListen", async () => {
    for (const server of [app.server, ...secondServers(app)])
      server.on("checkExpectation", refuseExpectation).on("connect", refuseTunnel);
    for (const server of secondServers(app)) {
      server.on("clientError", (error, socket) => { answerUnreadable(error, socket as Socket, headers); });
      server.removeAllListeners("upgrade"); // Fastify's listener answers nothing, so that `curl --http2` would hang
    }
  });
  // With `requireHostHeader` Node would answer itself (RFC 9112 §3.2).
  app.addHook("onRequest", ({ raw: { httpVersion, headers: { host }, rawHeaders } }, _reply, done) => {
    const valid = host === undefined ? httpVersion === "1.0" : HOST.test(host) && !isRepeated("host", rawHeaders);
    done(valid ? undefined : invalidRequest("Send the header Host once, with a host name and possibly a port"));
  });
}, { name: "raw-answers", dependencies: ["security-headers"] });

/** If localhost has two addresses, Fastify listens with a second server, to which it gives none of our handlers. */
function secondServers(app: FastifyInstance): Server[] {
  const bindings = Object.getOwnPropertySymbols(app).find((one) => one.description === "fastify.serverBindings");
  return (app as unknown as Record<symbol, Server[]>)[bindings ?? Symbol()] ?? [];
}
