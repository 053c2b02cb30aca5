import { type Entry, type Name } from "../../src/revocation/entry.js";
import { isSamePlace, type Place } from "../../src/revocation/log.js";
import type { RevocationOutlet } from "../../src/revocation/outlet.js";
import { isBefore } from "../../src/revocation/revocation-index.js";
import { unavailable } from "../../src/shared/errors.js";
import type { Link, Network } from "./link.js";

interface Contents {
  keys: Map<string, Entry>;
  place: Place | undefined;
  unconfirmed: Set<string>;
  lease: { holder: symbol; until: number } | undefined;
}

/** Milliseconds for which a process may fill it without a sign of life. */
const LEASE = 2000;
/** Milliseconds that a live check waits. */
export const CHECK_LIMIT = 100;
/** Entries that are written or read at a time: few, so that much can happen in between. */
const PAGE = 4;
/** Writes that it can lose when it restarts. */
const MEMORY = 12;

/** A Redis server as `RedisRevocationOutlet` uses it, command by command. */
export class Redis {
  readonly #network: Network;
  readonly name: string;
  #contents: Contents = empty();
  /** What it held before each of its last writes. */
  #before: Contents[] = [];
  #run = 0;
  /** Milliseconds by which its clock is wrong. */
  clockError = 0;
  isUp = true;
  isFull = false;
  /** Its policy, which a process knows from the beginning. */
  readonly mayEvict: boolean;
  /** It lost keys without a trace that a process could notice: what services read there may be incomplete. */
  hasEvicted = false;
  /** Called when a process put entries (PUBLISH). */
  published: () => void = () => undefined;

  constructor(network: Network, name: string, mayEvict: boolean) {
    this.#network = network;
    this.name = name;
    this.mayEvict = mayEvict;
  }

  get place(): Place | undefined { return this.#contents.place; }

  /** The instant (epoch ms) before which what was issued for a name is revoked; 0 if it has none. */
  issuedBefore(name: Name): number {
    this.#expire();
    return this.#contents.keys.get(keyOf(name))?.issuedBefore ?? 0;
  }

  /** Loses everything (FLUSHALL, a new server under the old name). */
  flush(): void {
    this.#contents = empty();
    this.#before = [];
  }

  evict(): void {
    if (!this.mayEvict) return;
    const { random } = this.#network;
    for (const key of this.#contents.keys.keys()) if (random.chance(0.3)) this.#contents.keys.delete(key);
    this.hasEvicted = true;
  }

  /** Restarts without its last writes, or is replaced by a replica that lacked them. */
  restart(lostWrites: number): void {
    const before = this.#before.at(-lostWrites);
    if (lostWrites > 0 && before !== undefined) this.#contents = before;
    this.#before = [];
    this.#run++;
  }

  connect(link: Link): RevocationOutlet {
    const me = Symbol("filler");
    const server = this; // oxlint-disable-line typescript/no-this-alias -- for the getter below
    const run = <T>(command: () => T, mayRepeat = false): Promise<T> => link.call(() => {
      if (!this.isUp) throw unavailable("Redis does not answer");
      this.#expire();
      return command();
    }, mayRepeat);
    const write = <T>(command: (contents: Contents) => T, mayRepeat = true): Promise<T> => run(() => {
      if (this.isFull) throw unavailable("Redis is full");
      this.#remember();
      return command(this.#contents);
    }, mayRepeat);
    let known: number | undefined;
    return {
      /** A restart ends the connection, and so does an outage of the network. */
      get identity() {
        if (link.cutSince !== undefined || known !== server.#run || !server.isUp) known = undefined;
        return known === undefined ? undefined : `${server.name} ${known}`;
      },
      isRevoked: (names, issuedAt) => {
        const answer = run(() => {
          const isRevoked = names.some((name) => isBefore(issuedAt, this.issuedBefore(name)));
          return isRevoked || this.place !== undefined ? isRevoked : undefined;
        }).catch(() => undefined);
        return Promise.race([answer, this.#network.time.sleep(CHECK_LIMIT).then(() => undefined)]);
      },
      put: (entries) => write((contents) => {
        for (const entry of entries) add(contents, entry);
        for (const entry of entries) contents.unconfirmed.add(JSON.stringify(entry));
        this.published();
        known ??= this.#run;
      }),
      state: () => run(() => {
        if (this.isFull) throw unavailable("Redis is full");
        const { place, unconfirmed } = this.#contents;
        known ??= this.#run;
        return { place, now: this.#now(), unconfirmed: [...unconfirmed].map((text) => JSON.parse(text) as Entry) };
      }),
      confirm: (entries) => write(({ unconfirmed }) => {
        for (const entry of entries) unconfirmed.delete(JSON.stringify(entry));
      }),
      advance: (entries, from, to) => write((contents) => {
        for (const entry of entries) add(contents, entry);
        if (contents.place !== undefined && isSamePlace(contents.place, from)) contents.place = to;
      }),
      invalidate: () => write((contents) => { contents.place = undefined; }),
      entries: () => this.#scan(run),
      fill: async (contents) => {
        const before = await run(() => this.#run);
        const isMine = await write((current) => {
          if (current.lease !== undefined && current.lease.until > this.#now() + LEASE) current.lease = undefined;
          if (current.lease !== undefined && current.lease.holder !== me) return false;
          current.lease ??= { holder: me, until: this.#now() + LEASE };
          return true;
        }, false);
        if (!isMine) return;
        const { entries, place } = await contents();
        const all = [...entries];
        for (let at = 0; at === 0 || at < all.length; at += PAGE) {
          await write((current) => {
            for (const entry of all.slice(at, at + PAGE)) add(current, entry);
            if (current.lease !== undefined) current.lease = { ...current.lease, until: this.#now() + LEASE };
          });
        }
        await write((current) => {
          if (current.lease?.holder !== me) return;
          current.lease = undefined;
          if (this.#run === before) current.place = place;
        });
      },
    };
  }

  /** SCAN: keys that are there the whole time are found, others may be. */
  async * #scan(run: <T>(command: () => T) => Promise<T>): AsyncGenerator<Entry[]> {
    const names = await run(() => [...this.#contents.keys.keys()]);
    for (let at = 0; at < names.length; at += PAGE) {
      yield await run(() => names.slice(at, at + PAGE).flatMap((name) => this.#contents.keys.get(name) ?? []));
    }
  }

  #now(): number {
    return this.#network.time.now + this.clockError;
  }

  #remember(): void {
    const { keys, unconfirmed, ...rest } = this.#contents;
    this.#before.push({ ...rest, keys: new Map(keys), unconfirmed: new Set(unconfirmed) });
    if (this.#before.length > MEMORY) this.#before.shift();
  }

  #expire(): void {
    const now = this.#now();
    const { keys, lease } = this.#contents;
    for (const [key, { expiresAt }] of keys) if (expiresAt <= now) {
      keys.delete(key);
      if (this.clockError !== 0) this.hasEvicted = true;
    }
    if (lease !== undefined && lease.until <= now) this.#contents.lease = undefined;
  }
}

const empty = (): Contents => ({ keys: new Map(), place: undefined, unconfirmed: new Set(), lease: undefined });

const keyOf = ({ scope, value }: Name): string => `${scope}:${value}`;

/** The later instants stay. A key expires at a full second. */
function add({ keys }: Contents, { scope, value, issuedBefore, expiresAt }: Entry): void {
  const known = keys.get(keyOf({ scope, value }));
  keys.set(keyOf({ scope, value }), {
    scope, value,
    issuedBefore: Math.max(issuedBefore, known?.issuedBefore ?? 0),
    expiresAt: Math.max(Math.ceil(expiresAt / 1000) * 1000, known?.expiresAt ?? 0),
  });
}
