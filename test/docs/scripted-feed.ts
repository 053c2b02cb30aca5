import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { uuidv7 } from "../../src/shared/uuid.js";
import { listen } from "../support/openid.js";
import type { Suite } from "../support/services.js";
import { newKey, signed } from "./forged-tokens.js";
import { until } from "./verifiers.js";

/** A subscriber's connection, whose other end is the test. */
export interface Connection {
  headers: IncomingHttpHeaders;
  /** Answers with a status other than 200, and a description of the error if there is one. */
  refuse(status: number, description?: string): void;
  raw(text: string | Buffer): void;
  event(name: string, data?: unknown, id?: string): void;
  end(): void;
  closed(): boolean;
}

export interface ScriptedFeed {
  url: string;
  /** The next connection, in their order. */
  next(): Promise<Connection>;
  /** The last one that `next` gave if it is still open, else the next. */
  openConnection(): Promise<Connection>;
  /** Ends all connections. */
  end(): void;
  /** Takes every further connection instead. */
  answer?: (connection: Connection) => void;
  /** A token of this issuer, issued at `at` (epoch ms). The kid of each key is its algorithm. */
  mint(claims?: object, at?: number, algorithm?: Algorithm, header?: object): string;
}

export type Algorithm = keyof typeof KEYS;
const KEYS = {
  RS256: newKey(),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  EdDSA: generateKeyPairSync("ed25519").privateKey,
};
const JWKS = JSON.stringify({
  keys: Object.entries(KEYS).map(([alg, key]) =>
    ({ ...createPublicKey(key).export({ format: "jwk" }), use: "sig", alg, kid: alg })),
});

/** An Authflow that says on its revocation feed what the test wants it to say. */
export async function scriptedFeed(t: Suite): Promise<ScriptedFeed> {
  const waiting: Connection[] = [];
  const all = new Set<Connection>();
  let last: Connection | undefined;
  const server = createServer(({ url, headers }, response) => {
    if (url === "/.well-known/jwks.json") response.end(JWKS);
    else {
      const connection = connectionOf(headers, response);
      all.add(connection);
      response.once("close", () => { all.delete(connection); });
      (feed.answer ?? ((connection) => { waiting.push(connection); }))(connection);
    }
  });
  const feed: ScriptedFeed = {
    url: `http://127.0.0.1:${await listen(t, server)}`,
    async next() {
      if (!await until(() => waiting.length > 0)) throw new Error("The verifier does not connect");
      return last = waiting.shift() as Connection;
    },
    openConnection: async () => last === undefined || last.closed() ? feed.next() : last,
    end: () => { for (const connection of all) connection.end(); },
    mint(claims = {}, at = Date.now(), algorithm = "RS256", header = {}) {
      const iat = Math.floor(at / 1000);
      const known = { iss: "authflow-go", sub: "alice", client_id: "shop", jti: uuidv7(at), iat, exp: iat + 3600 };
      const head = { alg: algorithm, typ: "JWT", kid: algorithm, ...header };
      return signed(head, { ...known, ...claims }, KEYS[algorithm]);
    },
  };
  return feed;
}

function connectionOf(headers: IncomingHttpHeaders, response: ServerResponse): Connection {
  let closed = false;
  response.once("close", () => { closed = true; });
  const raw = (text: string | Buffer): void => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(text);
  };
  return {
    headers, raw,
    refuse: (status, description) => {
      response.writeHead(status);
      response.end(description && JSON.stringify({ error: "access_denied", error_description: description }));
    },
    event: (name, data = {}, id) =>
      { raw(`event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`); },
    end: () => { response.end(); },
    closed: () => closed,
  };
}
