import { readFileSync } from "node:fs";
import pg from "pg";
import t from "../support/tap.js";
import { SqliteAdapter } from "../../src/stores/prisma/sqlite.js";
import { basic, onEveryBackend } from "../support/app.js";
import { authorizeFixture } from "../support/authorize.js";
import { logInAs } from "../support/openid.js";
import { UserAgent } from "../support/user-agent.js";

/** As docs/benchmarks.md shows them. */
const COUNTED = JSON.parse(readFileSync("bench/login-statements.json", "utf8")) as Record<string, string[]>;
const TABLES = "authorization_codes|consents|finished_logins|login_challenges|pushed_requests|refresh_tokens|sessions";
/** A statement about a login. What runs in intervals is about other tables: the log of revocations, clients. */
const STATEMENT = new RegExp(`^\\s*(SELECT|INSERT|UPDATE|DELETE)\\b.*?\\b(${TABLES})\\b`, "s");

let statements: string[] = [];
const note = (sql: unknown): void => {
  const [, verb, table] = STATEMENT.exec(String(sql)) ?? [];
  if (verb !== undefined) statements.push(`${verb} ${table}`);
};

// The drivers are watched, not replaced.
const createClient = SqliteAdapter.prototype.createClient;
SqliteAdapter.prototype.createClient = function watched(this: SqliteAdapter) {
  const client = createClient.call(this) as unknown as {
    execute(query: { sql: string }): unknown; transaction(): Promise<{ execute(query: { sql: string }): unknown }>;
  };
  const watch = <T extends { execute(query: { sql: string }): unknown }>(one: T): T =>
    ({ ...one, execute: (query) => { note(query.sql); return one.execute(query); } });
  return { ...watch(client), transaction: async () => watch(await client.transaction()) } as never;
};
const prototype = pg.Client.prototype as unknown as { query(...all: unknown[]): unknown };
const query = prototype.query;
prototype.query = function watched(this: pg.Client, first: unknown, ...rest: unknown[]) {
  note(typeof first === "string" ? first : (first as { text?: unknown }).text);
  return query.call(this, first, ...rest);
};
t.teardown(() => { SqliteAdapter.prototype.createClient = createClient; prototype.query = query; });

await onEveryBackend(t, async (t, env) => {
  const { app, client, authorizeUrl, authorize, redeem, exchange } = await authorizeFixture(t, env);
  const scope = "openid email offline_access";
  await authorize("alice", { scope }); // the client is known from here on
  const counted: Record<string, string[]> = {};
  const count = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
    statements = [];
    const result = await work();
    counted[step] = statements;
    return result;
  };
  const agent = new UserAgent(app);
  const start = await count("start", () => agent.once(new URL(authorizeUrl({ scope }))));
  const provider = start.headers.get("location") as string;
  const visited = await count("callback", () => logInAs(agent, "bob", provider));
  const { body } = await count("code exchange", () => redeem(visited));
  const { body: next } = await count("refresh", () => exchange(
    { grant_type: "refresh_token", refresh_token: body.refresh_token as string, redirect_uri: undefined },
    basic(client)));
  const headers = { authorization: `Bearer ${next.access_token as string}` };
  await count("userinfo", () => app.call("GET", "/userinfo", { headers }));
  await count("single sign-on", () => agent.open(authorizeUrl({ scope })));
  t.strictSame(counted, COUNTED);
});
