import { lookup } from "node:dns";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { certificates } from "./certificates.js";
import type { Certificate } from "./proxy.js";
import { ROOT } from "./root.js";
import type { Suite } from "./services.js";
import { headersOf } from "./user-agent.js";

/** Names below example.test, with TLS: servers of this machine that have one see what a deployment sees. */
export interface PublicNames {
  /** For a server that has such a name. */
  certificate: Certificate;
  has(url: URL): boolean;
  request(this: void, url: URL, options: RequestOptions): ClientRequest;
  fetch(this: void, url: string | URL, init?: RequestInit): Promise<Response>;
  /** With it, a program of Node's reaches them too. */
  env: Record<string, string>;
}

export function publicNames(t: Suite): PublicNames | undefined {
  const files = certificates(t, "DNS:*.example.test");
  if (files === undefined) return undefined;
  const ca = readFileSync(files.ca);
  const names: PublicNames = {
    certificate: { cert: readFileSync(files.server.cert), key: readFileSync(files.server.key) },
    has: ({ hostname }) => hostname.endsWith(".example.test"),
    request: (url, options) => request(url, {
      ...options, ca, lookup: (_name, how, callback) => { lookup("127.0.0.1", how, callback); },
    }),
    // Not the platform's: before Node 22.19 it trusts no further authority in a process that runs already.
    fetch: async (to, init) => {
      const asked = new Request(to, init);
      const { method, headers, signal } = asked;
      const body = Buffer.from(await asked.arrayBuffer());
      const sent = names.request(new URL(asked.url),
        { method, headers: Object.fromEntries(headers), signal, agent: false });
      const [answer] = await once(sent.end(body), "response") as [IncomingMessage];
      const status = answer.statusCode ?? 0;
      // A response of these has no body, not even an empty one (Fetch standard, "null body status").
      const content = [204, 205, 304].includes(status) ? null : Readable.toWeb(answer) as ReadableStream;
      return new Response(content, { status, headers: headersOf(answer) });
    },
    env: {
      NODE_EXTRA_CA_CERTS: files.ca,
      NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, "test/support/public-names.mjs")).href}`,
    },
  };
  return names;
}
