import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../shared/clock.js";
import { unavailable } from "../../shared/errors.js";
import type { CutoffJournal } from "../cutoff.js";
import type { RevocationJournal } from "../journal.js";
import {
  type FeedEvent, type FeedMessage, type IssuedBefore, messageOf, presentCutoff, presentRevoked, type RevokedToken,
} from "./event.js";
import { RecentEvents } from "./recent-events.js";
import { type Send, sendSnapshot } from "./replay.js";
import { readCursor, snapshotPage, writeCursor } from "./snapshot.js";
import type { FeedSource } from "./source.js";

/** Milliseconds between heartbeats. A subscriber without one for longer must assume that it misses revocations. */
export const HEARTBEAT_INTERVAL = 15_000;
/** Milliseconds for which the source may fail before subscribers are disconnected, so that they try another replica. */
const SOURCE_OUTAGE_LIMIT = 2000;
/** Milliseconds for which a subscriber waits for a replica that has just started. */
const START_LIMIT = 2000;
/** Events that are read at a time. */
const PAGE = 1000;
/** Milliseconds between two attempts to join the up-to-date subscribers. */
const RETRY_AFTER = 50;

export interface Subscriber {
  /** Takes a part of the stream. False: the buffer is full; where possible, wait for `drained` before the next part. */
  send(messages: readonly FeedMessage[]): boolean;
  drained(): Promise<void>;
  /** Ends the stream; the subscriber is expected to reconnect. */
  end(): void;
  readonly gone: boolean;
}

/** A page of everything revoked. The feed continues after `lastEventId`. `next` is the cursor of the next page. */
export interface RevocationPage {
  revoked: RevokedToken[];
  issuedBefore: IssuedBefore[];
  lastEventId: string;
  next: string | null;
}

interface Dependencies { source: FeedSource; journal: RevocationJournal; cutoffs: CutoffJournal; clock: Clock }

/** Sends every revocation to subscribers as it happens. One reader of the source serves all of them. */
export class Feed {
  readonly #dependencies: Dependencies;
  /** Subscribers that are up to date. The value is the last id sent, if that is after `#recent.position`. */
  readonly #upToDate = new Map<Subscriber, string | undefined>();
  readonly #catchingUp = new Set<Subscriber>();
  /** Undefined until the source was read for the first time. */
  #recent: RecentEvents | undefined;
  #heartbeatAt = 0;
  #failingSince: number | undefined;
  #closed = false;
  #wake = (): void => undefined;
  /** Aborted when the source was first read, or the feed was closed: ends the wait of early subscribers. */
  readonly #started = new AbortController();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    setMaxListeners(0, this.#started.signal); // any number of subscribers may wait
  }

  get subscribers(): number { return this.#upToDate.size + this.#catchingUp.size; }

  /**
   * Sends a subscriber what it missed since `lastEventId`, or everything revoked if that can't be known; after that,
   * each new event. Resolves when the subscriber is up to date or gone. Rejects with temporarily_unavailable, but only
   * before it has sent anything.
   */
  async subscribe(subscriber: Subscriber, lastEventId?: string): Promise<void> {
    if (this.#recent === undefined) {
      await sleep(START_LIMIT, undefined, { signal: this.#started.signal }).catch(() => undefined);
    }
    if (this.#recent === undefined) throw stateUnknown();
    this.#catchingUp.add(subscriber);
    let hasBegun = false;
    const send: Send = async (messages) => {
      if (this.#closed) throw stateUnknown();
      hasBegun = true;
      const accepted = subscriber.send(messages);
      if (!accepted) await subscriber.drained();
      return accepted;
    };
    try {
      await this.#catchUp(subscriber, send, lastEventId);
    } catch (cause) {
      if (!hasBegun) throw stateUnknown(cause);
      subscriber.end();
    } finally {
      this.#catchingUp.delete(subscriber);
    }
  }

  leave(subscriber: Subscriber): void {
    this.#upToDate.delete(subscriber);
  }

  /** Ends the wait in `advance`: the source may have new events, or the service is closing. */
  wake(): void {
    this.#wake();
  }

  /** Everything revoked, page by page. Rejects with invalid_request or temporarily_unavailable. */
  async page(limit: number, cursor?: string): Promise<RevocationPage> {
    const { clock } = this.#dependencies;
    const { lastEventId, position } = cursor === undefined
      ? { lastEventId: await this.#head(), position: undefined }
      : readCursor(cursor);
    const { tokens, cutoffs, next } = await snapshotPage(this.#dependencies, clock(), limit, position);
    return {
      revoked: tokens.map(presentRevoked), issuedBefore: cutoffs.map(presentCutoff),
      lastEventId, next: next && writeCursor({ lastEventId, position: next }),
    };
  }

  /** Sends the events since the last call, and waits for more. Rejects while the source can't be trusted. */
  async advance(): Promise<void> {
    const { source, clock } = this.#dependencies;
    const waiting = new AbortController();
    this.#wake = () => { waiting.abort(); };
    let more = false;
    try {
      const events = this.#recent === undefined ? undefined : await source.after(this.#recent.position, PAGE);
      if (events === undefined) await this.#restart();
      else if (events.length > 0) this.#send(events);
      more = events?.length === PAGE;
      this.#failingSince = undefined;
    } catch (error) {
      this.#failingSince ??= clock();
      if (Math.abs(clock() - this.#failingSince) >= SOURCE_OUTAGE_LIMIT) this.#disconnectAll();
      throw error;
    }
    // Only after the source was read: a heartbeat says that everything acknowledged before it has been sent.
    if (Math.abs(clock() - this.#heartbeatAt) >= HEARTBEAT_INTERVAL) this.#sendHeartbeat();
    if (!more && this.#recent !== undefined) await source.waitForEvents(this.#recent.position, waiting.signal);
  }

  /** Ends all streams and accepts no new ones. */
  close(): void {
    this.#closed = true;
    this.#started.abort();
    this.#disconnectAll();
  }

  async #head(): Promise<string> {
    return this.#dependencies.source.head().catch((cause: unknown) => { throw stateUnknown(cause); });
  }

  #disconnectAll(): void {
    for (const subscriber of [...this.#upToDate.keys(), ...this.#catchingUp]) subscriber.end();
    this.#upToDate.clear();
  }

  /** At the first read, and when the source lost its history: sends every subscriber a new snapshot. */
  async #restart(): Promise<void> {
    this.#recent = new RecentEvents(await this.#dependencies.source.head());
    this.#started.abort();
    const subscribers = [...this.#upToDate.keys()];
    this.#upToDate.clear();
    for (const subscriber of subscribers) void this.subscribe(subscriber).catch(() => { subscriber.end(); });
  }

  #send(events: FeedEvent[]): void {
    const messages = events.map(messageOf); // one array for all subscribers, so that it is serialised once
    const [first, last] = [events[0] as FeedEvent, events.at(-1) as FeedEvent];
    this.#recent?.add(events);
    for (const [subscriber, sent] of this.#upToDate) {
      const isAhead = sent !== undefined && sent >= first.id;
      subscriber.send(isAhead ? events.filter(({ id }) => id > sent).map(messageOf) : messages);
      if (sent !== undefined && sent <= last.id) this.#upToDate.set(subscriber, undefined);
    }
  }

  #sendHeartbeat(): void {
    this.#heartbeatAt = this.#dependencies.clock();
    const messages: FeedMessage[] = [{ name: "heartbeat", data: [] }];
    for (const subscriber of this.#upToDate.keys()) subscriber.send(messages);
  }

  async #catchUp(subscriber: Subscriber, send: Send, lastEventId?: string): Promise<void> {
    const { source } = this.#dependencies;
    let sent = lastEventId;
    while (!subscriber.gone) {
      // Reads the source even if memory has the events: otherwise `current` could miss what other replicas recorded.
      const page = sent === undefined ? undefined : await source.after(sent, PAGE);
      if (this.#closed) throw stateUnknown();
      if (sent === undefined || page === undefined) {
        sent = await sendSnapshot(this.#dependencies, subscriber, send);
        continue;
      }
      if (page.length > 0) {
        sent = (page.at(-1) as FeedEvent).id;
        if (!await send(page.map(messageOf))) continue; // the send had to wait: read again
      }
      if (page.length < PAGE && this.#join(subscriber, sent)) return;
      if (page.length === 0) await sleep(RETRY_AFTER); // the source was replaced; `advance` will notice it soon
    }
  }

  /** Adds the subscriber to those that are up to date. False: it has to read more of the source first. */
  #join(subscriber: Subscriber, sent: string): boolean {
    const missed = this.#recent?.since(sent);
    if (missed === undefined) return false;
    const last = missed.at(-1)?.id ?? sent;
    subscriber.send([...missed.map(messageOf), { name: "current", data: [], id: last }]);
    if (!subscriber.gone) this.#upToDate.set(subscriber, last === this.#recent?.position ? undefined : last);
    return true;
  }
}

const stateUnknown = (cause?: unknown): Error =>
  unavailable("What was revoked can't be known right now: try again", cause);
