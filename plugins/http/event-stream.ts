import { once } from "node:events";
import type { FastifyReply } from "fastify";
import fp from "fastify-plugin";
import type { ClientCredentials } from "../../src/clients/client.js";
import { StreamLimit } from "../../src/clients/stream-limit.js";
import type { Subscriber } from "../../src/revocation/feed/feed.js";
import { eventStreamText } from "./server-sent-events.js";

declare module "fastify" {
  interface FastifyReply {
    /** Answers with the revocation feed as Server-Sent Events after `lastEventId`, until either side ends it. */
    sendFeed: (lastEventId: string | undefined) => Promise<void>;
  }
  interface FastifyInstance {
    /**
     * Ends the streams of clients that were disabled or deleted, lost the permission, or whose secret is no longer
     * valid. Rejects if that can't be determined.
     */
    endUnauthenticatedStreams: () => Promise<void>;
  }
}

/** Bytes buffered for a subscriber that does not read. Beyond that it is disconnected; it can resume later. */
const MAX_BACKLOG = 1024 * 1024;
/** Milliseconds after which a browser or a library reconnects. */
const RETRY = 1000;
/** Milliseconds in which a subscriber must read what it was sent, before more follows. */
const DRAIN_TIMEOUT = 30_000;
/** Milliseconds in which a subscriber must read the end of its stream. */
const END_TIMEOUT = 1000;
const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "x-accel-buffering": "no", // nginx would delay events
};

/** A stream lasts for days. Fastify's reply sends one complete answer, so the stream writes to the raw response. */
export default fp(async (app) => {
  const streams = new Map<Subscriber, ClientCredentials>();
  const limit = new StreamLimit(app.config.streamsPerClient);

  app.decorateReply("sendFeed", async function (this: FastifyReply, lastEventId) {
    const { credentials } = this.request;
    if (credentials === null) throw new Error("sendFeed needs the guard authenticateClient before it");
    if (this.raw.destroyed) return;
    limit.open(credentials.id);
    const subscriber = subscriberOf(this);
    this.raw.once("close", () => {
      limit.close(credentials.id);
      streams.delete(subscriber);
      app.feed.leave(subscriber);
    });
    streams.set(subscriber, credentials);
    await app.feed.subscribe(subscriber, lastEventId);
  });

  function subscriberOf(reply: FastifyReply): Subscriber {
    const { raw } = reply;
    const begin = (): void => {
      reply.hijack();
      raw.writeHead(200, { ...app.securityHeaders, ...HEADERS });
      raw.write(`retry: ${RETRY}\n\n`);
    };
    return {
      send: (messages) => {
        if (raw.destroyed || raw.writableEnded) return true;
        if (!raw.headersSent) begin();
        if (raw.writableLength <= MAX_BACKLOG) return raw.write(eventStreamText(messages));
        raw.destroy();
        return true;
      },
      drained: async () => {
        if (!raw.writableNeedDrain) return;
        const stopped = new AbortController();
        const { signal } = stopped;
        const timer = setTimeout(() => { raw.destroy(); }, DRAIN_TIMEOUT).unref();
        await Promise.race([once(raw, "drain", { signal }), once(raw, "close", { signal })]).catch(() => undefined);
        clearTimeout(timer);
        stopped.abort();
      },
      end: () => {
        if (!raw.headersSent) return;
        raw.end();
        setTimeout(() => { raw.destroy(); }, END_TIMEOUT).unref(); // a subscriber that does not read never sees the end
      },
      get gone() { return raw.destroyed || raw.writableEnded; },
    };
  }

  app.decorate("endUnauthenticatedStreams", async () => {
    const valid = new Map<string, boolean>(); // thousands of streams may share credentials
    for (const [subscriber, { id, secret }] of streams) {
      const key = `${id}:${secret}`;
      if (!valid.has(key)) valid.set(key, await app.clients.mayStillFollow(id, secret));
      if (valid.get(key) === false) subscriber.end();
      else app.permissionUses.note(id, "feed"); // without a request, for as long as the stream lasts
    }
  });
  app.addHook("preClose", async () => { app.feed.close(); });
}, { name: "event-stream", dependencies: ["revocation", "clients", "security-headers"] });
