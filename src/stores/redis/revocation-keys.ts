import { type Entry, FOREVER, type Name, type Scope, SCOPES } from "../../revocation/entry.js";

const TOKEN = "revoked:";
/** What follows the beginning of a cut-off's key. */
const CUTOFF = new RegExp(`^(${SCOPES.filter((scope) => scope !== "jti").join("|")}):(.*)$`, "s");

/**
 * Authflow's keys in Redis. Other services read `revoked:<jti>` and
 * `authflow:<installation>:issued_before:<scope>:<value>`. The installation is part of the names because two
 * installations may have users of the same name; a jti is unique.
 */
export class RevocationKeys {
  /** What the keys of entries begin with. */
  readonly starts: readonly string[];
  /** Up to where this Redis holds the log. */
  readonly place: string;
  readonly unconfirmed: string;
  /** Held by the process that fills this Redis. */
  readonly lease: string;
  /** Not a key but a channel: tells every process that the log has new entries. */
  readonly channel: string;
  /**
   * With this key, replicas of the version without a log take what Redis lacks as not revoked; they would miss the
   * cut-offs of today's names. Without it they ask the database, and answer 503.
   */
  readonly formerMarker: string;
  readonly #cutoff: string;

  constructor(installation: string) {
    const own = `authflow:${installation}`;
    this.#cutoff = `${own}:issued_before:`;
    this.starts = [TOKEN, this.#cutoff];
    this.place = `${own}:place`;
    this.unconfirmed = `${own}:unconfirmed`;
    this.lease = `${own}:filling`;
    this.channel = `${own}:log`;
    this.formerMarker = `${own}:cutoffs:complete`;
  }

  of({ scope, value }: Name): string {
    return scope === "jti" ? TOKEN + value : `${this.#cutoff}${scope}:${value}`;
  }

  /** The entry of a key; undefined for a key that Authflow did not write and the log can't hold. */
  read(key: string, value: string, expiresAt: number): Entry | undefined {
    if (key.includes("\0")) return undefined;
    if (key.startsWith(TOKEN))
      return { scope: "jti", value: key.slice(TOKEN.length), issuedBefore: FOREVER, expiresAt };
    const [, scope, name] = CUTOFF.exec(key.slice(this.#cutoff.length)) ?? [];
    if (scope === undefined || name === undefined || !/^\d{1,15}$/.test(value)) return undefined;
    return { scope: scope as Scope, value: name, issuedBefore: Number(value), expiresAt };
  }
}
