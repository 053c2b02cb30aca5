import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../shared/clock.js";
import { unavailable } from "../../shared/errors.js";
import type { CutoffJournal } from "../cutoff.js";
import {
  type IssuedBefore, type FeedEvent, frame, eventOfCutoff, eventOfToken, presentCutoff, presentRevoked, type RevokedToken,
} from "./event.js";
import type { FeedSource } from "./source.js";
import type { RevocationJournal } from "../journal.js";
import { RecentEvents } from "./recent-events.js";
import { readCursor, snapshotPage, type SnapshotPlace, writeCursor } from "./snapshot.js";

/** Milliseconds between signs of life. Who hears none for longer does not know any more what is revoked. */
export const HEARTBEAT_EVERY = 15_000;
/** Milliseconds for which the source may fail before everyone is sent away, to a replica that may do better. */
const PATIENCE = 2000;
/** Events, and revocations of a snapshot, that are read at a time. */
const PAGE = 1000;
const LOOK_AGAIN_AFTER = 50;

export interface Subscriber {
  /** Takes a part of the stream; false: wait for `drained` before the next, if there is no hurry. */
  write(text: string): boolean;
  drained(): Promise<void>;
  /** Ends the stream: the subscriber will come back. */
  end(): void;
  readonly gone: boolean;
}

/** A page of all that is revoked; the feed goes on from there behind `lastEventId`. `next` is the following one's cursor. */
export interface RevocationPage {
  revoked: RevokedToken[];
  issuedBefore: IssuedBefore[];
  lastEventId: string;
  next: string | null;
}

interface Dependencies { source: FeedSource; journal: RevocationJournal; cutoffs: CutoffJournal; clock: Clock }

/** Tells subscribers what is revoked as it happens: one reader of the source for all of them. */
export class Feed {
  readonly #dependencies: Dependencies;
  /** Those who have been told all, each with the place up to which it was, where that is further than `#recent.place`. */
  readonly #listening = new Map<Subscriber, string | undefined>();
  readonly #catchingUp = new Set<Subscriber>();
  /** Undefined before the first look at the source. */
  #recent: RecentEvents | undefined;
  #beatAt = 0;
  #failingSince: number | undefined;
  #closed = false;
  #wake = (): void => undefined;
  /** Aborted at the first look, or when there will be none: ends the wait of those who came before. */
  readonly #begun = new AbortController();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    setMaxListeners(0, this.#begun.signal); // as many may wait as come
  }

  get subscribers(): number { return this.#listening.size + this.#catchingUp.size; }

  /**
   * Tells a subscriber all that it missed since `lastEventId`, or all that is revoked where that can't be known, and
   * from then on what happens. Resolves when it is up to date or gone; rejects with temporarily_unavailable before
   * anything was written. A replica that has just started gets a moment for its first look.
   */
  async subscribe(subscriber: Subscriber, lastEventId?: string): Promise<void> {
    if (this.#recent === undefined) await sleep(PATIENCE, undefined, { signal: this.#begun.signal }).catch(() => undefined);
    if (this.#recent === undefined) throw stateUnknown();
    this.#catchingUp.add(subscriber);
    let begun = false;
    /** Resolves to whether it was taken at once. */
    const write = async (text: string): Promise<boolean> => {
      if (this.#closed) throw stateUnknown();
      begun = true;
      const taken = subscriber.write(text);
      if (!taken) await subscriber.drained();
      return taken;
    };
    try {
      await this.#catchUp(subscriber, write, lastEventId);
    } catch (cause) {
      if (!begun) throw stateUnknown(cause);
      subscriber.end();
    } finally {
      this.#catchingUp.delete(subscriber);
    }
  }

  leave(subscriber: Subscriber): void {
    this.#listening.delete(subscriber);
  }

  /** RevocationEvent may stand in the source, or nobody wants to wait for them: ends the wait of `advance`. */
  wake(): void {
    this.#wake();
  }

  /** All that is revoked, page by page. Throws invalid_request, temporarily_unavailable. */
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

  /** Tells what has come since the last time, and waits for more. Rejects while the source can't be trusted. */
  async advance(): Promise<void> {
    const { source, clock } = this.#dependencies;
    const waiting = new AbortController();
    this.#wake = () => { waiting.abort(); };
    let more = false;
    try {
      const events = this.#recent === undefined ? undefined : await source.after(this.#recent.place, PAGE);
      if (events === undefined) await this.#beginAnew();
      else if (events.length > 0) this.#send(events);
      more = events?.length === PAGE;
      this.#failingSince = undefined;
    } catch (error) {
      this.#failingSince ??= clock();
      if (Math.abs(clock() - this.#failingSince) >= PATIENCE) this.#sendAway();
      throw error;
    }
    // Only after a successful look: who hears a heartbeat has heard of everything that was acknowledged before it.
    if (Math.abs(clock() - this.#beatAt) >= HEARTBEAT_EVERY) this.#beat();
    if (!more && this.#recent !== undefined) await source.waitForEvents(this.#recent.place, waiting.signal);
  }

  /** Ends all streams; nobody is let in any more. */
  close(): void {
    this.#closed = true;
    this.#begun.abort();
    this.#sendAway();
  }

  #sendAway(): void {
    for (const subscriber of [...this.#listening.keys(), ...this.#catchingUp]) subscriber.end();
    this.#listening.clear();
  }

  /** At the first look, and when the source lost its history: then everyone has to be told everything. */
  async #beginAnew(): Promise<void> {
    this.#recent = new RecentEvents(await this.#dependencies.source.head());
    this.#begun.abort();
    const everyone = [...this.#listening.keys()];
    this.#listening.clear();
    for (const subscriber of everyone) void this.subscribe(subscriber).catch(() => { subscriber.end(); });
  }

  #send(events: FeedEvent[]): void {
    const text = framed(events);
    const [first, last] = [events[0] as FeedEvent, events.at(-1) as FeedEvent];
    this.#recent?.add(events);
    for (const [subscriber, told] of this.#listening) {
      subscriber.write(told === undefined || told < first.id ? text : framed(events.filter(({ id }) => id > told)));
      if (told !== undefined && told <= last.id) this.#listening.set(subscriber, undefined);
    }
  }

  #beat(): void {
    this.#beatAt = this.#dependencies.clock();
    const text = frame("heartbeat", []);
    for (const subscriber of this.#listening.keys()) subscriber.write(text);
  }

  async #catchUp(subscriber: Subscriber, write: (text: string) => Promise<boolean>, lastEventId?: string): Promise<void> {
    let told = lastEventId;
    while (!subscriber.gone) {
      // The source is asked even where memory could tell: only then is `current` true of what others recorded.
      const page = told === undefined ? undefined : await this.#dependencies.source.after(told, PAGE);
      if (this.#closed) throw stateUnknown();
      if (told === undefined || page === undefined) {
        told = await this.#replay(subscriber, write);
        continue;
      }
      if (page.length > 0) {
        told = (page.at(-1) as FeedEvent).id;
        if (!await write(framed(page))) continue; // what was so before the wait need not be so after it
      }
      if (page.length < PAGE && this.#join(subscriber, told)) return;
      if (page.length === 0) await sleep(LOOK_AGAIN_AFTER); // this replica is about to notice that its source is another one
    }
  }

  /** From here on it hears of everything with the others; false: it has to read on before it can. */
  #join(subscriber: Subscriber, told: string): boolean {
    const missed = this.#recent?.since(told);
    if (missed === undefined) return false;
    const last = missed.at(-1)?.id ?? told;
    subscriber.write(framed(missed) + frame("current", [], last));
    if (!subscriber.gone) this.#listening.set(subscriber, last === this.#recent?.place ? undefined : last);
    return true;
  }

  /**
   * Everything that is revoked; resolves to where it stands. Without ids, and the id of before is taken back: who is
   * cut off in between begins anew.
   */
  async #replay(subscriber: Subscriber, write: (text: string) => Promise<boolean>): Promise<string> {
    const { source, clock } = this.#dependencies;
    // First the place, then the journals: what is recorded meanwhile is told twice rather than never.
    const head = await source.head();
    await write(frame("reset", [], ""));
    let place: SnapshotPlace | undefined;
    while (!subscriber.gone) {
      const { cutoffs, tokens, next } = await snapshotPage(this.#dependencies, clock(), PAGE, place);
      if (cutoffs.length > 0) await write(frame("issued_before", cutoffs.map((cutoff) => eventOfCutoff(cutoff).data)));
      if (tokens.length > 0) await write(frame("revoked", tokens.map((token) => eventOfToken(token).data)));
      if (next === null) break;
      place = next;
    }
    return head;
  }
}

const framed = (events: FeedEvent[]): string => events.map(({ name, data, id }) => frame(name, [data], id)).join("");
const stateUnknown = (cause?: unknown): Error => unavailable("What was revoked can't be known right now", cause);
