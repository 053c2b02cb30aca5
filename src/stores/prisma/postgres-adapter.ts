import { PrismaPg } from "@prisma/adapter-pg";
import type pg from "pg";
import { postgresParameters } from "../../config/database-url.js";
import { PostgresClient } from "./postgres-client.js";
import { clientConfig, findTarget, QUERY_TIMEOUT } from "./postgres-target.js";

const POOL_SIZE = 10;
/**
 * Milliseconds. If the database is dead or frozen, or a frozen replica holds a lock, calls must fail instead of waiting
 * without end. Behind a pooler these hold in transactions only, and QUERY_TIMEOUT for every statement.
 */
const LIMITS = { statement: 5000, idleInTransaction: 10_000 };

/** adapter-pg over connections whose sessions we set. The schema is found when it connects. */
export class PostgresAdapter extends PrismaPg {
  readonly #url: string;
  readonly #poolSize: number | undefined;
  #pool: pg.Pool | undefined;

  constructor(url: string, poolSize?: number) {
    super(url);
    this.#url = url;
    this.#poolSize = poolSize;
  }

  override async connect(): ReturnType<PrismaPg["connect"]> {
    const { schema } = await findTarget(this.#url);
    const config = {
      ...clientConfig(this.#url),
      schema,
      limits: LIMITS,
      query_timeout: QUERY_TIMEOUT,
      max: this.#poolSize ?? postgresParameters(this.#url).connectionLimit ?? POOL_SIZE,
      Client: PostgresClient as unknown as pg.PoolConfig["Client"],
    };
    // The adapter handles errors of the pool and its connections: losing an idle one does not end the process.
    const adapter = await new PrismaPg(config, { schema }).connect();
    // A connection to a standby must not stay when the address leads to the primary again. pg's pool closes connections
    // after failed statements, and after a failed transaction only those that are ending.
    this.#pool = adapter.underlyingDriver();
    this.#pool.on("release", (_error, client) => {
      if ((client as unknown as PostgresClient).readOnly) void client.end();
    });
    return adapter;
  }

  /** Runs a statement without Prisma, on a connection of its pool. Resolves to the first column of the rows. */
  async run(text: string, ...values: (string | number)[]): Promise<unknown[]> {
    if (this.#pool === undefined) throw new Error("The database is not open");
    const { rows } = await this.#pool.query<[unknown]>({ text, values, rowMode: "array" });
    return rows.map(([first]) => first);
  }
}
