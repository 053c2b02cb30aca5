import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import type { FastifyInstance, HTTPMethods } from "fastify";
import type { Test } from "tap";
import { buildApp, type Overrides } from "../../src/app.js";
import type { Clock } from "../../src/shared/clock.js";
import { loadConfig } from "../../src/config/load.js";
import { signCompact, type TokenType } from "../../src/tokens/jws.js";
import { giveKeyRing, hasPlainKey } from "./keys.js";
import { type OpenApiDocument, responseValidator } from "./openapi.js";
import { REDIRECT_URI, registration } from "./registration.js";
import { migratedPostgres, migratedSqlite, redis, type Suite } from "./services.js";
import { rowsOf } from "./sql.js";

export const ADMIN_TOKEN = "admin-token-of-the-tests-0123456789";
export const OPERATOR = { authorization: `Bearer ${ADMIN_TOKEN}` };
export { REDIRECT_URI };

export type Environment = Record<string, string>;
type Json = Record<string, unknown>;
export interface Answer { status: number; headers: Record<string, string | undefined>; body: Json; text: string }
export interface Sent { headers?: Record<string, string>; payload?: object | string; remoteAddress?: string }
export interface Credentials { client_id: string; client_secret: string }

export interface TestApp {
  fastify: FastifyInstance;
  /** Every line logged so far. */
  logs: string[];
  /** One request through the whole app; throws where the answer is not the one the OpenAPI document promises. */
  call(method: HTTPMethods, url: string, sent?: Sent): Promise<Answer>;
  register(body?: Json): Promise<Credentials>;
  /** A token for `credentials`, or for a client registered on the spot. */
  mint(body?: Json, credentials?: Credentials): Promise<string>;
  logout(token: string): Promise<Answer>;
  userinfo(token: string): Promise<Answer>;
  /** A token by the active key with any claims, expired ones for instance. */
  sign(claims: Json, typ?: TokenType): Promise<string>;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const basic = ({ client_id, client_secret }: Credentials) =>
  ({ authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString("base64")}` });
export const decode = (token: string, part: 0 | 1 = 1): Json =>
  JSON.parse(Buffer.from(token.split(".")[part] as string, "base64url").toString()) as Json;

/** The claims of an access token that lives for a minute, for tests that sign their own. */
export const someClaims = (changes: Json = {}): Json => {
  const iat = Math.floor(Date.now() / 1000);
  return {
    iss: "authflow-go",
    sub: "alice",
    client_id: "a-client",
    provider: "local",
    jti: randomUUID(),
    iat,
    exp: iat + 60,
    ...changes,
  };
};

/** A clock that stands still until it is moved by seconds. */
export function manualClock(): { clock: Clock; advance(seconds: number): void } {
  let now = Date.now();
  return { clock: () => now, advance: (seconds) => { now += seconds * 1000; } };
}

/**
 * The app as production builds it, on a new SQLite file unless `env` names another database. Where the file is new it
 * starts with a signing key of an earlier start.
 */
export async function testApp(
  t: Suite,
  env: Environment = {},
  overrides: Omit<Overrides, "logStream"> = {},
): Promise<TestApp> {
  const logs: string[] = [];
  const defaults = { LOG_LEVEL: "trace", AUTHFLOW_ADMIN_TOKEN: ADMIN_TOKEN };
  const config = loadConfig({
    ...defaults,
    ...(env.DATABASE_URL === undefined && { DATABASE_URL: await migratedSqlite(t) }),
    ...env,
  });
  if (env.DATABASE_URL === undefined && hasPlainKey(config)) await giveKeyRing(config, (overrides.clock ?? Date.now)());
  const timing = { readinessAge: 0, ...overrides.timing };
  const logStream = { write: (line: string) => { logs.push(line); } };
  const fastify = await buildApp(config, { ...overrides, timing, logStream });
  t.teardown(() => fastify.close());
  await fastify.ready();
  const validate = await validatorOf(fastify);
  const call: TestApp["call"] = async (method, url, sent = {}) => {
    const { statusCode: status, headers, body: text } = await fastify.inject({ method: method as "GET", url, ...sent });
    const contentType = headers["content-type"]?.toString();
    validate({ method, url, status, contentType, body: text });
    const body = text !== "" && contentType?.startsWith("application/json") ? JSON.parse(text) as Json : {};
    return { status, headers: headers as Answer["headers"], body, text };
  };
  const register: TestApp["register"] = async (body) => {
    const answer = await call("POST", "/clients", {
      headers: OPERATOR,
      payload: registration(body),
    });
    const { client_id, client_secret } = answer.body as unknown as Credentials;
    return { client_id, client_secret };
  };
  return {
    fastify, logs, call, register,
    mint: async (body, credentials) => {
      const payload = { sub: "alice", ...body };
      const { status, body: { access_token: token }, text } =
        await call("POST", "/mint", { headers: basic(credentials ?? await register()), payload });
      if (status !== 200) throw new Error(`/mint answered ${status}: ${text}`);
      return token as string;
    },
    logout: (token) => call("POST", "/logout", { headers: bearer(token) }),
    userinfo: (token) => call("GET", "/userinfo", { headers: bearer(token) }),
    sign: (claims, typ = "JWT") => signCompact(fastify.keys.signer, typ, claims),
  };
}

const validators = new Map<string, ReturnType<typeof responseValidator>>();

/** Apps below one path have one document: it is made once for all of a process, which takes longer than an app. */
async function validatorOf(app: FastifyInstance): Promise<ReturnType<typeof responseValidator>> {
  const { pathname } = new URL(app.config.publicUrl);
  const known = validators.get(pathname);
  if (known !== undefined) return known;
  const validate = responseValidator((await app.documentation()).swagger() as unknown as OpenApiDocument);
  validators.set(pathname, validate);
  return validate;
}

/** Runs `suite` on SQLite alone and on PostgreSQL with Redis. */
export async function onEveryBackend(t: Test, suite: (t: Test, env: Environment) => Promise<void>): Promise<void> {
  await t.test("on SQLite alone", async (t) => { await suite(t, { DATABASE_URL: await migratedSqlite(t) }); });
  await t.test("on PostgreSQL and Redis", async (t) => {
    const [database, shared] = [await migratedPostgres(t), await redis(t)];
    if (database === undefined || shared === undefined) return;
    await suite(t, { DATABASE_URL: database, REDIS_URL: shared });
  });
}

/** Takes the database away from under the app: the file, or all of the PostgreSQL database. */
export async function withoutDatabase({ fastify: { config: { databaseUrl }, database } }: TestApp): Promise<void> {
  await database.close(); // it connects again when it is asked again
  if (databaseUrl.startsWith("file:")) {
    const path = databaseUrl.slice("file:".length);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    mkdirSync(path); // a folder can't be opened as a database
    return;
  }
  const { pathname, href } = new URL(databaseUrl);
  await rowsOf(href.replace(pathname, "/postgres"), `DROP DATABASE ${pathname.slice(1)} WITH (FORCE)`);
}
