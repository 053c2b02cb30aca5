import pg from "pg";
import { rowsOf } from "../support/sql.js";
import t from "../support/tap.js";
import { OWNER_SILENCE_LIMIT } from "../../src/status-lists/published-list.js";
import { startServer } from "../support/process.js";
import { postgres } from "../support/services.js";
import { bitAt, entryOf, verifiedBits } from "../support/status-lists.js";
import { replica } from "./replica.js";
import { at, type Service, tokens, until } from "./support.js";

const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") };
const VALID = 0, INVALID = 1;
/** Milliseconds for which a replica gives out a list that it signed. */
const FRESH_FOR = 5000;

/** The real time, and what the test adds to it. */
function movableClock() {
  let ahead = 0;
  return { clock: () => Date.now() + ahead, advance: (milliseconds: number) => { ahead += milliseconds; } };
}

/** The statuses of tokens in the lists of the service at `url`. */
async function statusesAt(url: string, service: Service, some: string[]): Promise<number[]> {
  const jwks = { keys: await service.jwks() };
  const lists = new Map<string, Promise<Uint8Array>>();
  const fetchList = async (uri: string): Promise<Uint8Array> => {
    const response = await fetch(url + new URL(uri).pathname);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return verifiedBits(await response.text(), jwks, uri);
  };
  return Promise.all(some.map(async (token) => {
    const { idx, uri } = entryOf(token);
    const list = lists.get(uri) ?? fetchList(uri);
    lists.set(uri, list);
    return bitAt(await list, idx);
  }));
}

await t.test("kill -9 lets no token escape: what the dead replica did not write down is INVALID", async (t) => {
  const DATABASE_URL = await postgres(t);
  if (DATABASE_URL === undefined) return;
  const env = { DATABASE_URL, AUTHFLOW_STATUS_LISTS: "on", AUTHFLOW_PUBLIC_URL: "http://localhost:8080", ...KEK };
  const { clock, advance } = movableClock();
  const [doomed, survivor] = await Promise.all([startServer(t, env), replica(t, env, { clock })]);
  const [a, b] = [at(doomed.url), survivor.service];
  const client = await a.register();
  const written = [...await tokens(a, client, 20), await a.token(client, { sub: "bob" })];
  const db = new pg.Client({ connectionString: DATABASE_URL });
  await db.connect();
  t.teardown(() => db.end());
  const count = async () => Number((await db.query<{ bytes: string }>(
    "SELECT coalesce(sum(length(records)), 0) AS bytes FROM status_batches")).rows[0]?.bytes) / 34;
  await until("they are written down", async () => await count() === 21);

  // Nothing can be written down from here on, and minting goes on.
  await db.query("BEGIN");
  await db.query("LOCK TABLE status_batches IN SHARE MODE");
  const unwritten = await tokens(a, client, 5);
  await doomed.kill();
  await db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE query LIKE '%status_batches%' AND wait_event_type = 'Lock'`);
  await db.query("COMMIT");
  t.equal(await count(), 21);

  const list = entryOf(unwritten[0] as string).uri.split("/").at(-1);
  // As if that much time had passed.
  await db.query("UPDATE status_lists SET touched_at = touched_at - $1::int WHERE id = $2",
    [OWNER_SILENCE_LIMIT, list]);
  await until("what was not written down is INVALID, at the other replica", async () =>
    (await statusesAt(survivor.url, b, unwritten)).every((status) => status === INVALID));
  t.same(new Set(await statusesAt(survivor.url, b, written)), new Set([VALID]), "what was written down is valid");

  const { client_id, client_secret } = client;
  t.equal((await b.ask("POST", "/revocations", {}, { client_id, client_secret, sub: "alice" })).status, 200);
  const [alices, bobs] = [[...written.slice(0, 20), ...unwritten], written.slice(20)];
  advance(FRESH_FOR);
  await until("a logout everywhere ends all tokens of the dead replica", async () =>
    (await statusesAt(survivor.url, b, alices)).every((status) => status === INVALID));
  t.same(await statusesAt(survivor.url, b, bobs), [VALID]);
  const after = await b.token(client);
  t.same(await statusesAt(survivor.url, b, [after]), [VALID], "and spares a token that is issued after it");
});

await t.test("a replica that is stopped writes down what it minted until then", async (t) => {
  const DATABASE_URL = await postgres(t);
  if (DATABASE_URL === undefined) return;
  const env = { DATABASE_URL, AUTHFLOW_STATUS_LISTS: "on", AUTHFLOW_PUBLIC_URL: "http://localhost:8080", ...KEK };
  const { clock, advance } = movableClock();
  const [leaving, survivor] = [await replica(t, env), await replica(t, env, { clock })];
  const [a, b] = [leaving.service, survivor.service];
  const client = await a.register();
  const minted = await tokens(a, client, 30);
  await leaving.stop();
  const rows = await rowsOf(DATABASE_URL, `SELECT closed, sum(length(records)) / 34 AS tokens
    FROM status_lists JOIN status_batches ON id = list_id GROUP BY 1`);
  t.same(rows, [{ closed: true, tokens: 30 }]);
  t.same(new Set(await statusesAt(survivor.url, b, minted)), new Set([VALID]));
  t.equal((await b.logout(minted[0] as string)).status, 200);
  advance(FRESH_FOR);
  await until("a logout at the other replica shows within seconds", async () =>
    (await statusesAt(survivor.url, b, minted)).join() === [INVALID, ...Array<number>(29).fill(VALID)].join());
});
