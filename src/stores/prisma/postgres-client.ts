import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import pg from "pg";
import { driverCode, READ_ONLY } from "./driver-errors.js";
import { beginWithSettings, type Limits, setForSession, STARTUP } from "./postgres-session.js";

export interface PostgresClientConfig extends pg.ClientConfig {
  /** The schema for every name without one; undefined: as the server decides. */
  schema?: string | undefined;
  limits: Limits;
}

/** What the types of pg leave out. */
interface Internals {
  processID: number;
  connection: { stream: Duplex; ssl?: boolean | { host?: string } };
  getStartupConf(): Record<string, string>;
}
type Callback = (error: Error | null, client?: pg.Client) => void;
type Query = (query: unknown, ...rest: unknown[]) => unknown;

/** A connection to PostgreSQL whose session is set by us, not by the defaults of the server, database or role. */
export class PostgresClient extends pg.Client {
  /** Whether a pooler such as PgBouncer is in between. Known after `connect`. */
  pooled = false;
  /** Whether a transaction failed because this server accepts no writes. */
  readOnly = false;
  readonly #config: PostgresClientConfig;

  constructor(config: PostgresClientConfig) {
    super(config);
    this.#config = config;
    // pg's pool listens only later. Without a listener, an error of the connection would end the process.
    this.on("error", () => undefined);
    const internals = this as unknown as Internals;
    // By itself pg compares the certificate with "localhost" where the host is an IP address.
    const { ssl } = internals.connection;
    if (typeof ssl === "object" && isIP(this.host) !== 0) ssl.host = this.host;
    const startup = internals.getStartupConf.bind(this);
    internals.getStartupConf = () => {
      const { user, database, application_name: name, options } = startup() as Partial<Record<string, string>>;
      const own = Object.entries({ user, database, application_name: name, options });
      return { ...Object.fromEntries(own.filter(([, value]) => value !== undefined)), ...STARTUP };
    };
    const query = this.query.bind(this) as Query;
    this.query = ((first: unknown, ...rest: unknown[]) => {
      const result = query(this.#prepared(first), ...rest);
      if (result instanceof Promise) result.catch((error) => { this.readOnly ||= driverCode(error) === READ_ONLY; });
      return result;
    }) as typeof this.query;
  }

  override connect(): Promise<pg.Client>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.Client> | void {
    const connected = super.connect().then(() => this.#setSession());
    if (callback === undefined) return connected;
    connected.then((client) => { callback(null, client); }, callback);
  }

  /** Closes the connection at once. pg's `end` may never settle where the connection broke while it was being made. */
  destroy(): void {
    (this as unknown as Internals).connection.stream.destroy();
  }

  async #setSession(): Promise<pg.Client> {
    const { schema, limits } = this.#config;
    const { processID } = this as unknown as Internals;
    try {
      const { rows } = await this.query(setForSession(schema, limits, processID));
      this.pooled = rows.length === 0;
      return this;
    } catch (error) {
      await this.end().catch(() => undefined); // pg's pool forgets a connection that failed, without closing it
      throw error;
    }
  }

  /** The query that is sent instead of `query`, which is a text or pg's QueryConfig. */
  #prepared(query: unknown): unknown {
    const { schema, limits } = this.#config;
    const { text, types, ...rest } = typeof query === "string" ? { text: query } : query as Partial<pg.QueryConfig>;
    const sent = this.pooled && text === "BEGIN" ? beginWithSettings(schema, limits) : text;
    if (typeof query === "string") return sent;
    return { ...rest, text: sent, types: types === undefined ? undefined : strict(types) };
  }
}

const INSTANTS: number[] = [pg.types.builtins.TIMESTAMP, pg.types.builtins.TIMESTAMPTZ];
/** With DateStyle ISO and TimeZone UTC. BC and infinity are refused too. */
const ISO = /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?(\+00)?$/;

/**
 * Refuses instants in another format. Prisma would make an invalid date of them, and each comparison with an invalid
 * date is false: a token that was revoked would be accepted.
 */
function strict({ getTypeParser }: pg.CustomTypesConfig): pg.CustomTypesConfig {
  const parserOf = (oid: number, format?: "text" | "binary"): unknown => {
    const parse = getTypeParser(oid, format) as (text: string) => unknown;
    if (!INSTANTS.includes(oid)) return parse;
    return (text: string) => {
      if (!ISO.test(text)) throw new UnreadableInstant();
      return parse(text);
    };
  };
  return { getTypeParser: parserOf as typeof getTypeParser };
}

export class UnreadableInstant extends Error {
  override readonly name = "UnreadableInstant";
  constructor() {
    super("The database sent an instant that is not in ISO format: its session has another DateStyle or TimeZone");
  }
}
