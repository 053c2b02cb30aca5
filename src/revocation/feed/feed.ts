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

/** Milliseconds between heartbeats. A subscriber that hears none for longer can't know any more what is revoked. */
export const HEARTBEAT_INTERVAL = 15_000;
/** Milliseconds for which the source may fail before subscribers are sent away, to a replica that may do better. */
const SOURCE_OUTAGE_LIMIT = 2000;
/** Milliseconds that a subscriber waits for a replica that has just started. */
const START_LIMIT = 2000;
/** Events that are read at a time. */
const PAGE = 1000;
const RETRY_AFTER = 50;

export interface Subscriber {
  /** Takes a part of the stream. False: wait for `drained` before the next part, if there is time. */
  send(messages: readonly FeedMessage[]): boolean;
  drained(): Promise<void>;
  /** Ends the stream: the subscriber will come back. */
  end(): void;
  readonly gone: boolean;
}

/** A page of all that is revoked; the feed goes on behind `lastEventId`. `next` is the following page's cursor. */
export interface RevocationPage {
  revoked: RevokedToken[];
  issuedBefore: IssuedBefore[];
  lastEventId: string;
  next: string | null;
}

interface Dependencies { source: FeedSource; journal: RevocationJournal; cutoffs: CutoffJournal; clock: Clock }

/** Sends subscribers every revocation as it happens: one reader of the source serves all of them. */
export class Feed {
  readonly #dependencies: Dependencies;
  /** Those who are up to date, each with the place that it has reached where that is beyond `#recent.place`. */
  readonly #upToDate = new Map<Subscriber, string | undefined>();
  readonly #catchingUp = new Set<Subscriber>();
  /** Undefined before the source was first read. */
  #recent: RecentEvents | undefined;
  #heartbeatAt = 0;
  #failingSince: number | undefined;
  #closed = false;
  #wake = (): void => undefined;
  /** Aborted when the source was first read, or never will be: ends the wait of those who came before. */
  readonly #started = new AbortController();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    setMaxListeners(0, this.#started.signal); // any number of subscribers may wait
  }

  get subscribers(): number { return this.#upToDate.size + this.#catchingUp.size; }

  /**
   * Sends a subscriber all that it missed since `lastEventId`, or all that is revoked where that can't be known, and
   * from then on what happens. Resolves when it is up to date or gone; rejects with temporarily_unavailable before
   * anything was sent.
   */
  async subscribe(subscriber: Subscriber, lastEventId?: string): Promise<void> {
    if (this.#recent === undefined) await sleep(START_LIMIT, undefined, { signal: this.#started.signal }).catch(() => undefined);
    if (this.#recent === undefined) throw stateUnknown();
    this.#catchingUp.add(subscriber);
    let begun = false;
    const send: Send = async (messages) => {
      if (this.#closed) throw stateUnknown();
      begun = true;
      const taken = subscriber.send(messages);
      if (!taken) await subscriber.drained();
      return taken;
    };
    try {
      await this.#catchUp(subscriber, send, lastEventId);
    } catch (cause) {
      if (!begun) throw stateUnknown(cause);
      subscriber.end();
    } finally {
      this.#catchingUp.delete(subscriber);
    }
  }

  leave(subscriber: Subscriber): void {
    this.#upToDate.delete(subscriber);
  }

  /** Ends the wait of `advance`: the source may hold events, or nobody wants to wait for them. */
  wake(): void {
    this.#wake();
  }

  /** All that is revoked, page by page. Rejects with invalid_request, temporarily_unavailable. */
  async page(limit: number, cursor?: string): Promise<RevocationPage> {
    const { source, clock } = this.#dependencies;
    const { lastEventId, place } = cursor === undefined
      ? { lastEventId: await source.head().catch((cause: unknown) => { throw stateUnknown(cause); }), place: undefined }
      : readCursor(cursor);
    const { tokens, cutoffs, next } = await snapshotPage(this.#dependencies, clock(), limit, place);
    return {
      revoked: tokens.map(presentRevoked), issuedBefore: cutoffs.map(presentCutoff),
      lastEventId, next: next && writeCursor({ lastEventId, place: next }),
    };
  }

  /** Sends what has come since the last call, and waits for more. Rejects while the source can't be trusted. */
  async advance(): Promise<void> {
    const { source, clock } = this.#dependencies;
    const waiting = new AbortController();
    this.#wake = () => { waiting.abort(); };
    let more = false;
    try {
      const events = this.#recent === undefined ? undefined : await source.after(this.#recent.place, PAGE);
      if (events === undefined) await this.#restart();
      else if (events.length > 0) this.#send(events);
      more = events?.length === PAGE;
      this.#failingSince = undefined;
    } catch (error) {
      this.#failingSince ??= clock();
      if (Math.abs(clock() - this.#failingSince) >= SOURCE_OUTAGE_LIMIT) this.#sendAway();
      throw error;
    }
    // Only after the source was read: a heartbeat says that everything acknowledged before it has been sent.
    if (Math.abs(clock() - this.#heartbeatAt) >= HEARTBEAT_INTERVAL) this.#sendHeartbeat();
    if (!more && this.#recent !== undefined) await source.waitForEvents(this.#recent.place, waiting.signal);
  }

  /** Ends all streams and accepts no new ones. */
  close(): void {
    this.#closed = true;
    this.#started.abort();
    this.#sendAway();
  }

  #sendAway(): void {
    for (const subscriber of [...this.#upToDate.keys(), ...this.#catchingUp]) subscriber.end();
    this.#upToDate.clear();
  }

  /** At the first reading, and when the source lost its history: a replay to all subscribers. */
  async #restart(): Promise<void> {
    this.#recent = new RecentEvents(await this.#dependencies.source.head());
    this.#started.abort();
    const subscribers = [...this.#upToDate.keys()];
    this.#upToDate.clear();
    for (const subscriber of subscribers) void this.subscribe(subscriber).catch(() => { subscriber.end(); });
  }

  #send(events: FeedEvent[]): void {
    const messages = events.map(messageOf); // one list for all: it is put into words once
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
      // The source is asked even where memory would do: only then is `current` true of what others recorded.
      const page = sent === undefined ? undefined : await source.after(sent, PAGE);
      if (this.#closed) throw stateUnknown();
      if (sent === undefined || page === undefined) {
        sent = await sendSnapshot(this.#dependencies, subscriber, send);
        continue;
      }
      if (page.length > 0) {
        sent = (page.at(-1) as FeedEvent).id;
        if (!await send(page.map(messageOf))) continue; // what was true before the wait may not be true after it
      }
      if (page.length < PAGE && this.#join(subscriber, sent)) return;
      if (page.length === 0) await sleep(RETRY_AFTER); // this replica is about to notice that its source is another one
    }
  }

  /** From here on it is served with the others. False: it has to read on before it can be. */
  #join(subscriber: Subscriber, sent: string): boolean {
    const missed = this.#recent?.since(sent);
    if (missed === undefined) return false;
    const last = missed.at(-1)?.id ?? sent;
    subscriber.send([...missed.map(messageOf), { name: "current", data: [], id: last }]);
    if (!subscriber.gone) this.#upToDate.set(subscriber, last === this.#recent?.place ? undefined : last);
    return true;
  }
}

const stateUnknown = (cause?: unknown): Error => unavailable("What was revoked can't be known right now", cause);
