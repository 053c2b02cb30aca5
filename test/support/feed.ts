import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createParser } from "eventsource-parser";
import { until } from "../e2e/support.js";
import { basic, type Credentials, decode, type Environment, testApp, type TestApp } from "./app.js";
import type { Suite } from "./services.js";

/** Replicas on one database need it in common. */
const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 6).toString("base64") };
export type Listening = TestApp & { url: string };

/** An app that others can connect to, as soon as its feed accepts subscribers. */
export async function listening(
  t: Suite,
  env: Environment = {},
  overrides: Parameters<typeof testApp>[2] = {},
): Promise<Listening> {
  const app = await testApp(t, { ...env, ...KEK }, overrides);
  const url = await app.fastify.listen({ port: 0, host: "127.0.0.1" });
  const headers = basic(await app.register());
  await until("the feed accepts subscribers", async () => {
    const response = await fetch(`${url}/revocations?limit=1`, { headers });
    await response.body?.cancel();
    return response.status === 200;
  });
  return { ...app, url };
}

export const jtiOf = (token: string): string => decode(token).jti as string;

export interface Received { name: string; id: string | undefined; data: Record<string, unknown>[] }

const REVOCATION_EVENTS = ["revoked", "issued_before"];
export const isRevocationEvent = ({ name }: Received): boolean => REVOCATION_EVENTS.includes(name);

/** A downstream service: what it has received, and its place in the feed, outlive its connections. */
export class Follower {
  /** Everything that arrived, heartbeats included. */
  readonly received: Received[] = [];
  /** `jti` of tokens, and `sub=…`, `client_id=…`, `kid=…` of cut-offs, since the last `reset`. */
  readonly revoked = new Set<string>();
  /** What must not happen: ids out of order, or twice. */
  readonly faults: string[] = [];
  lastEventId: string;
  headers = new Headers();
  #connection: { abort: AbortController; ended: Promise<void> } | undefined;
  #connectedAt = 0;

  constructor(readonly credentials: Credentials, lastEventId = "") {
    this.lastEventId = lastEventId;
  }

  get isConnected(): boolean { return this.#connection !== undefined; }
  get revocationEvents(): Received[] { return this.received.filter(isRevocationEvent); }
  names(): string[] { return this.received.map(({ name }) => name); }
  count(name: string): number { return this.received.filter((event) => event.name === name).length; }

  /** Resolves to the status of the answer; on 200 it listens from then on. */
  async connect(url: string): Promise<number> {
    const abort = new AbortController();
    const place = this.lastEventId !== "" && { "last-event-id": this.lastEventId };
    const headers = { ...basic(this.credentials), ...place };
    const response = await fetch(`${url}/revocations/stream`, { headers, signal: abort.signal });
    this.headers = response.headers;
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      return response.status;
    }
    this.#connectedAt = this.received.length;
    const ended = this.#read(response.body).catch(() => undefined).then(() => { this.#connection = undefined; });
    this.#connection = { abort, ended };
    return 200;
  }

  async disconnect(): Promise<void> {
    this.#connection?.abort.abort();
    await this.#connection?.ended;
  }

  /** Waits for `current` on this connection. */
  async current(): Promise<void> {
    await until("it is up to date", () =>
      this.received.slice(this.#connectedAt).some(({ name }) => name === "current"));
  }

  async knows(...entries: string[]): Promise<void> {
    await until(`it has received ${entries.length} entries`, () => entries.every((entry) => this.revoked.has(entry)));
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = createParser({ onEvent: ({ event = "", id, data }) => { this.#take(event, id, data); } });
    const decoder = new TextDecoder();
    for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
  }

  #take(name: string, id: string | undefined, text: string): void {
    const data = REVOCATION_EVENTS.includes(name) ? JSON.parse(text) as Received["data"] : [];
    const last = this.lastEventId;
    // Each revocation event has a place of its own; `current` may repeat the place before it.
    const comparable = id !== undefined && id !== "" && last !== "";
    if (comparable && (id < last || (id === last && REVOCATION_EVENTS.includes(name)))) {
      this.faults.push(`${name} ${id} after ${last}`);
    }
    if (id !== undefined) this.lastEventId = id;
    if (name === "reset") this.revoked.clear();
    for (const entry of data) this.revoked.add(entryOf(entry));
    this.received.push({ name, id, data });
  }
}

export function entryOf({ jti, sub, client_id, kid }: Record<string, unknown>): string {
  if (jti !== undefined) return jti as string;
  return Object.entries({ sub, client_id, kid })
    .filter(([, value]) => value !== undefined).map((pair) => pair.join("=")).join();
}

/** A follower that listens at `url`, until the end of the test at the latest. */
export async function follow(t: Suite, url: string, credentials: Credentials, lastEventId?: string): Promise<Follower> {
  const follower = new Follower(credentials, lastEventId);
  t.teardown(() => follower.disconnect());
  const status = await follower.connect(url);
  if (status !== 200) throw new Error(`the stream answered ${status}`);
  return follower;
}

/** Opens the stream and reads nothing of it. */
export async function deafTo(t: Suite, url: string, credentials: Credentials): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => undefined);
  t.teardown(() => { socket.destroy(); });
  await once(socket, "connect");
  socket.pause();
  const { authorization } = basic(credentials);
  socket.write(`GET /revocations/stream HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`);
  return socket;
}
