import type { Clock } from "../clock.js";
import { unavailable } from "../errors.js";
import type { CutoffJournal } from "./cutoff.js";
import {
  type EndedBefore, type FeedEvent, frame, newsOfCutoff, newsOfToken, presentCutoff, presentRevoked, type RevokedToken,
} from "./feed-event.js";
import type { FeedSource } from "./feed-source.js";
import type { RevocationJournal } from "./journal.js";
import { readCursor, snapshotPage, type SnapshotPlace, writeCursor } from "./snapshot.js";

/** Milliseconds between signs of life. Who hears none for longer does not know any more what is revoked. */
export const HEARTBEAT_EVERY = 15_000;
/** Milliseconds for which the source may fail before everyone is sent away, to a replica that may do better. */
const PATIENCE = 2000;
/** Events, and revocations of a snapshot, that are read at a time. */
const PAGE = 1000;
/** The latest events that stay in memory, so that whoever comes back after a moment costs no read. */
const RECENT = 10_000;

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
  revokedBefore: EndedBefore[];
  lastEventId: string;
  next: string | null;
}

interface Dependencies { source: FeedSource; journal: RevocationJournal; cutoffs: CutoffJournal; clock: Clock }

/** Tells subscribers what is revoked as it happens: one reader of the source for all of them. */
export class Feed {
  readonly #dependencies: Dependencies;
  /** Those who have been told all, each with the place up to which it was, where that is further than `#position`. */
  readonly #listening = new Map<Subscriber, string | undefined>();
  readonly #catchingUp = new Set<Subscriber>();
  /** The events after `#floor` up to `#position`. */
  #recent: FeedEvent[] = [];
  #floor: string | undefined;
  #position: string | undefined;
  #beatAt = 0;
  #failingSince: number | undefined;
  #closed = false;
  #wake = (): void => undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  get subscribers(): number { return this.#listening.size + this.#catchingUp.size; }

  /**
   * Tells a subscriber all that it missed since `lastEventId`, or all that is revoked where that can't be known, and
   * from then on what happens. Resolves when it is up to date or gone; rejects with temporarily_unavailable before
   * anything was written.
   */
  async subscribe(subscriber: Subscriber, lastEventId?: string): Promise<void> {
    if (this.#closed || this.#position === undefined) throw cannotTell();
    this.#catchingUp.add(subscriber);
    let begun = false;
    const write = async (text: string): Promise<void> => {
      begun = true;
      if (!subscriber.write(text)) await subscriber.drained();
    };
    try {
      await this.#catchUp(subscriber, write, lastEventId);
    } catch (cause) {
      if (!begun) throw cannotTell(cause);
      subscriber.end();
    } finally {
      this.#catchingUp.delete(subscriber);
    }
  }

  leave(subscriber: Subscriber): void {
    this.#listening.delete(subscriber);
  }

  /** News may stand in the source: look at once. */
  wake(): void {
    this.#wake();
  }

  /** All that is revoked, page by page. Throws invalid_request, temporarily_unavailable. */
  async page(limit: number, cursor?: string): Promise<RevocationPage> {
    const { source, clock } = this.#dependencies;
    const { lastEventId, place } = cursor === undefined
      ? { lastEventId: await source.head().catch((cause: unknown) => { throw cannotTell(cause); }), place: undefined }
      : readCursor(cursor);
    const { tokens, cutoffs, next } = await snapshotPage(this.#dependencies, clock(), limit, place);
    return {
      revoked: tokens.map(presentRevoked), revokedBefore: cutoffs.map(presentCutoff),
      lastEventId, next: next && writeCursor({ lastEventId, place: next }),
    };
  }

  /** Tells what has come since the last time, and waits for more. Rejects while the source can't be trusted. */
  async advance(signal: AbortSignal): Promise<void> {
    const { source, clock } = this.#dependencies;
    const woken = new Promise<void>((resolve) => { this.#wake = resolve; });
    let more = false;
    try {
      const events = this.#position === undefined ? undefined : await source.after(this.#position, PAGE);
      if (events === undefined) await this.#beginAnew();
      else if (events.length > 0) this.#tell(events);
      more = events?.length === PAGE;
      this.#failingSince = undefined;
    } catch (error) {
      this.#failingSince ??= clock();
      if (Math.abs(clock() - this.#failingSince) >= PATIENCE) this.#sendAway();
      throw error;
    }
    // Only after a successful look: who hears a heartbeat has heard of everything that was acknowledged before it.
    if (Math.abs(clock() - this.#beatAt) >= HEARTBEAT_EVERY) this.#beat();
    if (!more && this.#position !== undefined) await Promise.race([woken, source.news(this.#position, signal)]);
  }

  /** Ends all streams; nobody is let in any more. */
  close(): void {
    this.#closed = true;
    this.#sendAway();
  }

  #sendAway(): void {
    for (const subscriber of [...this.#listening.keys(), ...this.#catchingUp]) subscriber.end();
    this.#listening.clear();
  }

  /** At the first look, and when the source lost its history: then everyone has to be told everything. */
  async #beginAnew(): Promise<void> {
    this.#position = this.#floor = await this.#dependencies.source.head();
    this.#recent = [];
    const everyone = [...this.#listening.keys()];
    this.#listening.clear();
    for (const subscriber of everyone) void this.subscribe(subscriber).catch(() => { subscriber.end(); });
  }

  #tell(events: FeedEvent[]): void {
    const text = framed(events);
    const [first, last] = [events[0] as FeedEvent, events.at(-1) as FeedEvent];
    this.#position = last.id;
    this.#recent.push(...events);
    if (this.#recent.length > RECENT) this.#floor = this.#recent.splice(0, this.#recent.length - RECENT).at(-1)?.id;
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

  async #catchUp(subscriber: Subscriber, write: (text: string) => Promise<void>, lastEventId?: string): Promise<void> {
    let told = lastEventId;
    while (!subscriber.gone && !this.#closed) {
      const missed = told === undefined ? undefined : this.#recentAfter(told);
      if (missed !== undefined) return this.#join(subscriber, framed(missed), this.#position as string);
      const page = told === undefined ? undefined : await this.#dependencies.source.after(told, PAGE);
      if (told === undefined || page === undefined) told = await this.#tellEverything(subscriber, write);
      else if (page.length > 0) {
        await write(framed(page));
        told = (page.at(-1) as FeedEvent).id;
      } else if (!this.#isBeyond(told)) return this.#join(subscriber, "", told);
    }
  }

  /** What is up to date hears of everything from here on: nothing may be awaited between the last look and this. */
  #join(subscriber: Subscriber, text: string, told: string): void {
    subscriber.write(text + frame("current", [], told));
    if (!subscriber.gone) this.#listening.set(subscriber, told === this.#position ? undefined : told);
  }

  /** Everything that is revoked, without ids: who is cut off in between begins anew. Resolves to where it stands. */
  async #tellEverything(subscriber: Subscriber, write: (text: string) => Promise<void>): Promise<string> {
    const { source, clock } = this.#dependencies;
    // First the place, then the journals: what is recorded meanwhile is told twice rather than never.
    const head = await source.head();
    await write(frame("reset", []));
    let place: SnapshotPlace | undefined;
    while (!subscriber.gone && !this.#closed) {
      const { cutoffs, tokens, next } = await snapshotPage(this.#dependencies, clock(), PAGE, place);
      if (cutoffs.length > 0) await write(frame("revoked-before", cutoffs.map((cutoff) => newsOfCutoff(cutoff).data)));
      if (tokens.length > 0) await write(frame("revoked", tokens.map((token) => newsOfToken(token).data)));
      if (next === null) break;
      place = next;
    }
    return head;
  }

  /** The events after a place, where memory can tell. */
  #recentAfter(id: string): FeedEvent[] | undefined {
    const [floor, position] = [this.#floor, this.#position];
    if (floor === undefined || position === undefined || epochOf(id) !== epochOf(floor)) return undefined;
    return floor <= id && id <= position ? this.#recent.filter((event) => event.id > id) : undefined;
  }

  /** Whether this replica has told others of something after a place. */
  #isBeyond(id: string): boolean {
    return this.#position !== undefined && epochOf(id) === epochOf(this.#position) && this.#position > id;
  }
}

const epochOf = (id: string): string => id.slice(0, id.lastIndexOf("."));
const framed = (events: FeedEvent[]): string => events.map(({ name, data, id }) => frame(name, [data], id)).join("");
const cannotTell = (cause?: unknown): Error => unavailable("What was revoked can't be known right now", cause);
