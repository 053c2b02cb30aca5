import { type Clock, MAX_CLOCK_ERROR } from "../../shared/clock.js";
import { invalidRequest, unavailable } from "../../shared/errors.js";
import { isCutoff } from "../entry.js";
import { BEGINNING, type LogEntry, type Place, type RevocationLog } from "../log.js";
import type { LogFollower } from "../log-follower.js";
import {
  type FeedMessage, type IssuedBefore, messagesOf, placeOf, presentCutoff, presentRevoked, type RevokedToken, toId,
} from "./event.js";
import { Broadcast } from "./broadcast.js";
import { Snapshot } from "./snapshot.js";

/** Milliseconds between heartbeats. A subscriber without one for longer must assume that it misses revocations. */
export const HEARTBEAT_INTERVAL = 15_000;
/** Milliseconds for which the log may be unreadable before subscribers are disconnected, to try another replica. */
const OUTAGE_LIMIT = 2000;
/** Entries that are sent at a time to a subscriber that is catching up. */
const PAGE = 1000;

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

interface Dependencies { log: RevocationLog; follower: LogFollower; clock: Clock }

/** Sends every revocation to subscribers as it happens. They all share this replica's copy of the log. */
export class Feed {
  readonly #dependencies: Dependencies;
  readonly #snapshot: Snapshot;
  readonly #upToDate = new Broadcast<Subscriber>();
  readonly #catchingUp = new Set<Subscriber>();
  #heartbeatAt = 0;
  #failingSince: number | undefined;
  #closed = false;

  constructor(dependencies: Dependencies) {
    const { follower, clock } = dependencies;
    this.#dependencies = dependencies;
    this.#snapshot = new Snapshot(follower, clock);
    follower.listen({
      // While a long log is read at the start there are none: each entry would be serialised for nobody.
      applied: (entries) => { if (this.#upToDate.size > 0) this.#upToDate.say(eventsOf(entries)); },
      replaced: () => { this.#restart(); },
    });
  }

  get subscribers(): number { return this.#upToDate.size + this.#catchingUp.size; }

  /**
   * Sends a subscriber what it missed since `lastEventId`, or everything revoked if that can't be known; after that,
   * each new event. Resolves when the subscriber is up to date or gone. Rejects with temporarily_unavailable, but only
   * before it has sent anything.
   */
  async subscribe(subscriber: Subscriber, lastEventId?: string): Promise<void> {
    await this.#becomeCurrent();
    this.#catchingUp.add(subscriber);
    try {
      await this.#catchUp(subscriber, lastEventId === undefined ? undefined : placeOf(lastEventId));
    } catch {
      subscriber.end();
    } finally {
      this.#catchingUp.delete(subscriber);
    }
  }

  leave(subscriber: Subscriber): void {
    this.#upToDate.leave(subscriber);
  }

  /** Everything revoked, page by page. Rejects with invalid_request or temporarily_unavailable. */
  async page(limit: number, cursor?: string): Promise<RevocationPage> {
    const { log, follower, clock } = this.#dependencies;
    if (cursor === undefined) await this.#becomeCurrent();
    const { lastEventId, after } = cursor === undefined
      ? { lastEventId: toId(follower.place), after: BEGINNING.position }
      : readCursor(cursor);
    const { entries: found } = await log.read(after + 1, limit)
      .catch((cause: unknown) => { throw stateUnknown(cause); });
    const live = found.filter(({ expiresAt }) => expiresAt > clock() - MAX_CLOCK_ERROR);
    const last = found.length < limit ? undefined : found.at(-1);
    return {
      revoked: live.filter((entry) => !isCutoff(entry)).map(presentRevoked),
      issuedBefore: live.filter(isCutoff).map(presentCutoff),
      lastEventId,
      next: last === undefined ? null : writeCursor({ lastEventId, after: last.position }),
    };
  }

  /** Reads the log, and tells subscribers by heartbeats whether that succeeds. Rejects if it does not. */
  async follow(): Promise<void> {
    try {
      await this.#dependencies.follower.current();
    } catch (error) {
      this.miss();
      throw error;
    }
    this.beat();
  }

  /** To be called after the log was read: sends a heartbeat when one is due. */
  beat(): void {
    const { clock } = this.#dependencies;
    this.#failingSince = undefined;
    if (Math.abs(clock() - this.#heartbeatAt) < HEARTBEAT_INTERVAL) return;
    this.#heartbeatAt = clock();
    this.#upToDate.say([{ name: "heartbeat", data: [] }]);
  }

  /** To be called when the log could not be read. */
  miss(): void {
    const { clock } = this.#dependencies;
    this.#failingSince ??= clock();
    if (Math.abs(clock() - this.#failingSince) >= OUTAGE_LIMIT) this.#disconnectAll();
  }

  /** Ends all streams and accepts no new ones. */
  close(): void {
    this.#closed = true;
    this.#disconnectAll();
  }

  async #becomeCurrent(): Promise<void> {
    if (this.#closed) throw stateUnknown();
    await this.#dependencies.follower.current().catch((cause: unknown) => { throw stateUnknown(cause); });
  }

  async #catchUp(subscriber: Subscriber, lastPlace: Place | undefined): Promise<void> {
    const { follower } = this.#dependencies;
    const send = async (messages: readonly FeedMessage[]): Promise<void> => {
      if (this.#closed) throw stateUnknown();
      if (messages.length > 0 && !subscriber.send(messages)) await subscriber.drained();
    };
    let place = lastPlace;
    while (!subscriber.gone) {
      const missed = place && follower.recent.since(place);
      if (missed === undefined) {
        place = await this.#sendSnapshot(subscriber, send);
      } else if (missed.length > PAGE) {
        const page = missed.slice(0, PAGE);
        await send(eventsOf(page));
        place = page.at(-1);
      } else {
        // Once more: `current` promises everything that was revoked before it.
        await follower.current();
        if (place !== undefined && this.#join(subscriber, place)) return;
      }
    }
  }

  /** Resolves to the place after which the feed continues; undefined if the log was replaced meanwhile. */
  async #sendSnapshot(subscriber: Subscriber, send: (messages: readonly FeedMessage[]) => Promise<void>) {
    // No ids until `current`: a subscriber that loses its connection in between gets a new snapshot.
    await send([{ name: "reset", data: [], id: "" }]);
    const { follower } = this.#dependencies;
    const { index } = follower;
    let { place } = follower;
    for (const part of this.#snapshot.parts()) {
      if (subscriber.gone) break;
      if (part.place.position < place.position) ({ place } = part);
      await send(part.messages);
      await new Promise(setImmediate); // the next part may have to be made
    }
    return follower.index === index ? place : undefined;
  }

  /** Adds the subscriber to those that are up to date. False: it has to be sent more first. */
  #join(subscriber: Subscriber, place: Place): boolean {
    const { follower } = this.#dependencies;
    const missed = follower.recent.since(place);
    if (missed === undefined || missed.length > PAGE) return false;
    if (this.#closed) throw stateUnknown();
    subscriber.send([...eventsOf(missed), { name: "current", data: [], id: toId(follower.place) }]);
    if (!subscriber.gone) this.#upToDate.join(subscriber);
    return true;
  }

  /** The log lost entries: what subscribers were sent may not be in it. They all get a new snapshot. */
  #restart(): void {
    this.#snapshot.clear();
    for (const subscriber of this.#upToDate.clear()) void this.subscribe(subscriber).catch(() => { subscriber.end(); });
  }

  #disconnectAll(): void {
    for (const subscriber of [...this.#upToDate.clear(), ...this.#catchingUp]) subscriber.end();
  }
}

/** One message for each entry, with its id. */
function eventsOf(entries: readonly LogEntry[]): FeedMessage[] {
  return entries.flatMap((entry) => messagesOf([entry]).map((message) => ({ ...message, id: toId(entry) })));
}

const stateUnknown = (cause?: unknown): Error =>
  unavailable("What was revoked can't be known right now: try again", cause);

/** What a client sends back to get the next page: the position of the last entry that it has. */
interface Cursor { lastEventId: string; after: number }

const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString("base64url");

/** Throws invalid_request if `text` is not the work of `writeCursor`. */
function readCursor(text: string): Cursor {
  try {
    const { lastEventId, after } = JSON.parse(Buffer.from(text, "base64url").toString()) as Cursor;
    if (placeOf(lastEventId) !== undefined && Number.isSafeInteger(after) && after >= 0) return { lastEventId, after };
  } catch { /* as below */ }
  throw invalidRequest("cursor must be the next_cursor of the page before: leave it out to start again");
}
