import { readFileSync } from "node:fs";
import Sqlite from "libsql";
import pg from "pg";
import t from "../support/tap.js";
import { basic, onEveryBackend } from "../support/app.js";
import { authorizeFixture } from "../support/authorize.js";
import { logInAs } from "../support/openid.js";
import { UserAgent } from "../support/user-agent.js";

/** As docs/benchmarks.md shows them. */
const COUNTED = JSON.parse(readFileSync("bench/login-statements.json", "utf8")) as Record<string, string[]>;
const TABLES = "authorization_codes|consents|finished_logins|login_challenges|pushed_requests|refresh_tokens|sessions";
const TABLE = `(?:["\`]?\\w+["\`]?\\.)?["\`]?(${TABLES})\\b`;
/** A statement may write to several tables. What runs in intervals is about others: the log of revocations, clients. */
const WRITE = new RegExp(`\\b(INSERT) INTO ${TABLE}|\\b(UPDATE) ${TABLE}|\\b(DELETE) FROM ${TABLE}`, "g");
const READ = new RegExp(`\\b(SELECT)\\b.*?\\bFROM ${TABLE}`, "s");

let statements: string[] = [];
const note = (sql: string): void => {
  const writes = [...sql.matchAll(WRITE)];
  for (const found of writes.length > 0 ? writes : [READ.exec(sql) ?? []])
    if (found.length > 0) statements.push(found.slice(1).filter((part) => part !== undefined).join(" "));
};

// The drivers are watched, not replaced.
type Method = (...all: unknown[]) => unknown;
const sqlite = Sqlite.prototype as unknown as { prepare(sql: string): Record<"run" | "all", Method> };
const prepare = sqlite.prepare;
sqlite.prepare = function watched(this: unknown, sql) {
  const statement = prepare.call(this as typeof sqlite, sql);
  for (const name of ["run", "all"] as const) {
    const method = statement[name].bind(statement);
    statement[name] = (...all) => { note(sql); return method(...all); };
  }
  return statement;
};
const postgres = pg.Client.prototype as unknown as { query: Method };
const query = postgres.query;
postgres.query = function watched(this: pg.Client, first: unknown, ...rest: unknown[]) {
  note(typeof first === "string" ? first : String((first as { text?: unknown }).text));
  return query.call(this, first, ...rest);
};
t.teardown(() => { sqlite.prepare = prepare; postgres.query = query; });

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
