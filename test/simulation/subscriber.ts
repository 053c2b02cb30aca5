import type { FeedMessage, IssuedBefore, RevokedToken } from "../../src/revocation/feed/event.js";
import {
  type Entry, FOREVER, type Name, SCOPES, sessionOfClient, subjectOfClient,
} from "../../src/revocation/entry.js";
import type { Replica, World } from "./replica.js";

type Revoked = Map<string, number>;

/** A service that follows the feed as docs/immediate-logout.md says: at any replica, and again at another. */
export class Subscriber {
  readonly #world: World;
  /** A replica that is up. */
  readonly #choose: () => Replica | undefined;
  #revoked: Revoked = new Map();
  /** A snapshot that is not complete yet. */
  #snapshot: Revoked | undefined;
  #lastEventId: string | undefined;
  #connections = 0;
  #disconnect: () => void = () => undefined;
  /** Called when everything that was revoked before `since` (epoch ms) must be known. */
  current: (since: number) => void = () => undefined;

  constructor(world: World, choose: () => Replica | undefined) {
    this.#world = world;
    this.#choose = choose;
  }

  knows({ scope, value, issuedBefore }: Entry): boolean {
    return (this.#revoked.get(keyOf({ scope, value })) ?? 0) >= issuedBefore;
  }

  /** Loses the connection. */
  disconnect(): void {
    this.#disconnect();
  }

  /** Follows for ever. With `isPaged`, it reads GET /revocations first. */
  async follow(isPaged: boolean): Promise<void> {
    const { time, random } = this.#world;
    for (;;) {
      const replica = this.#choose();
      if (replica !== undefined) {
        if (isPaged && this.#lastEventId === undefined) await this.#readPages(replica).catch(() => undefined);
        await this.#listen(replica);
      }
      await time.sleep(random.between(20, 300));
    }
  }

  async #readPages(replica: Replica): Promise<void> {
    const died = new Promise<never>((_, reject) => { replica.onDeath(() => { reject(new Error("gone")); }); });
    const revoked: Revoked = new Map();
    let cursor: string | undefined;
    for (;;) {
      const page = await Promise.race([replica.feed.page(this.#world.random.between(1, 5), cursor), died]);
      for (const token of page.revoked) note(revoked, token);
      for (const cutoff of page.issuedBefore) note(revoked, cutoff);
      if (page.next === null) {
        this.#revoked = revoked;
        this.#lastEventId = page.lastEventId;
        return;
      }
      cursor = page.next;
    }
  }

  /** Resolves when the stream has ended. */
  #listen(replica: Replica): Promise<void> {
    const { time, random } = this.#world;
    const since = time.now;
    const connection = ++this.#connections;
    return new Promise((resolve) => {
      let deliveredUntil = 0;
      const end = (): void => {
        if (stream.gone) return;
        stream.gone = true;
        this.#snapshot = undefined;
        replica.feed.leave(stream);
        resolve();
      };
      const stream = {
        gone: false,
        send: (messages: readonly FeedMessage[]): boolean => {
          deliveredUntil = Math.max(deliveredUntil, time.now + random.between(0, 30));
          time.after(deliveredUntil - time.now, () => {
            if (stream.gone || connection !== this.#connections) return;
            for (const message of messages) this.#take(message, since);
          });
          return random.chance(0.9);
        },
        drained: () => time.sleep(random.between(0, 100)),
        end: () => { time.after(random.between(0, 5), end); },
      };
      this.#disconnect = end;
      replica.onDeath(end);
      replica.feed.subscribe(stream, this.#lastEventId).catch(end);
    });
  }

  #take({ name, data, id }: FeedMessage, since: number): void {
    if (name === "reset") this.#snapshot = new Map();
    if (id !== undefined) this.#lastEventId = id === "" ? undefined : id;
    for (const text of data) note(this.#snapshot ?? this.#revoked, JSON.parse(text) as RevokedToken | IssuedBefore);
    if (name !== "current") return;
    this.#revoked = this.#snapshot ?? this.#revoked;
    this.#snapshot = undefined;
    this.current(since);
  }
}

function note(revoked: Revoked, event: RevokedToken | IssuedBefore): void {
  const names = SCOPES.map((scope) => ({ scope, value: (event as unknown as Record<string, unknown>)[scope] }));
  const named = names.find(({ value }) => typeof value === "string") as Name;
  const ofClient = named.scope === "sub" ? subjectOfClient : sessionOfClient;
  const name = "issued_to" in event ? ofClient(event.issued_to as string, named.value) : named;
  const issuedBefore = "jti" in event ? FOREVER : event.issued_before;
  revoked.set(keyOf(name), Math.max(issuedBefore, revoked.get(keyOf(name)) ?? 0));
}

const keyOf = ({ scope, value }: Name): string => `${scope}:${value}`;
