// `npm run bench [-- --quick] [-- --server <built server.js>]` compares the built service with two floors and writes
// docs/benchmarks.md. Floor and subject alternate in short rounds, so that a busy machine affects both equally.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openDatabases } from "./databases.mjs";
import { fill } from "./fixtures.mjs";
import { clientCredentials, codeExchange, LOGIN_PAGE, logIn, refresh } from "./grants.mjs";
import { introspectAs, mintAs, post, register, reply, startGenerator } from "./measuring.mjs";
import { cpuSeconds, peakMemory, residentMemory } from "./process.mjs";
import { report } from "./report.mjs";
import { startServer, stop } from "./server.mjs";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, server: { type: "string" }, out: { type: "string" } },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const entry = options.server ?? here("../dist/src/server.js");
const out = options.out ?? here("../docs/benchmarks.md");
/** `limit`: seconds after which `alternate` starts no further round. */
const scale = options.quick
  ? { rounds: 3, seconds: 1, starts: 1, limit: 8, warmUp: 2000, logouts: 120, grants: 150,
      clients: 1e4, revocations: 1e5 }
  : { rounds: 9, seconds: 1.5, starts: 3, limit: 50, warmUp: 8000, logouts: 450, grants: 600,
      clients: 1e5, revocations: 1e6 };
const CONNECTIONS = 32;
/** Milliseconds without a request, after which a process is at rest. */
const REST = 20_000;
const KNOWN = 1000;
/** Codes are made between the rounds, more than a login's rate limit allows. */
const LOGINS = { AUTHFLOW_LOGIN_URL: LOGIN_PAGE, AUTHFLOW_RATE_LIMIT_LOGIN: "1000000" };
/** Tokens that are asked for in turn. */
const LIVE = 500;
/** The same, where each must be one whose signature the service does not remember: twice as many as it does. */
const UNKNOWN = 4000;
const KNOWN_ID = "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e";

const begin = performance.now();
const dir = mkdtempSync(join(os.tmpdir(), "authflow-bench-"));
const generator = startGenerator(CONNECTIONS);
const { measure } = generator;
const closing = [() => rmSync(dir, { recursive: true, force: true }), () => generator.stop()];

const log = (line) => { console.error(`${((performance.now() - begin) / 1000).toFixed(0).padStart(4)} s  ${line}`); };

async function signatureFloor() {
  const { signatures, cpu } = await reply(fork(here("floors.mjs"), ["sign", String(scale.seconds * 300)]));
  return { cpu: cpu / signatures };
}

/**
 * `tasks`: name → () => measurement. Every second round runs in reverse order, so that a task does not always follow
 * the same one. On a busy machine there are fewer rounds, at least three, to limit the total time.
 */
async function alternate(tasks) {
  const results = Object.fromEntries(Object.keys(tasks).map((name) => [name, []]));
  const end = performance.now() + scale.limit * 1000;
  for (let round = 0; round < scale.rounds && (round < 3 || performance.now() < end); round++) {
    const order = Object.entries(tasks);
    for (const [name, task] of round % 2 === 0 ? order : order.reverse()) results[name].push(await task());
  }
  return results;
}

async function startAll() {
  const bare = fork(here("floors.mjs"), ["fastify", "463"]); // bytes of a JWKS of one key
  closing.push(() => stop(bare));
  const credentials = { client_id: KNOWN_ID, client_secret: `authflow_secret_${"x".repeat(43)}` };
  const floor = { pid: bare.pid, ...await reply(bare), minting: [mintAs(credentials)] };

  const started = [];
  const sqlite = async (name, env) => {
    const server = await startServer(entry, { DATABASE_URL: `file:${join(dir, name, "authflow.db")}`, ...env });
    started.push(server);
    return server;
  };
  const startUp = {};
  const timed = async (kind, start) => {
    const server = await start();
    const { pid, startUp: seconds } = server;
    (startUp[kind] ??= []).push({ seconds, cpu: cpuSeconds(pid), memory: peakMemory(pid) });
    return server;
  };
  for (let i = 0; i < scale.starts; i++) {
    for (const kind of ["SQLite, new database", "SQLite"]) await (await timed(kind, () => sqlite(`start-${i}`))).stop();
  }
  const resting = await sqlite("start-0");
  await sleep(REST);
  const atRest = residentMemory(resting.pid);
  await resting.stop();

  const migrating = await sqlite("full");
  const registered = await register(migrating);
  await migrating.stop();
  const { clients, revocations } = scale;
  const workingSet = fill(join(dir, "full", "authflow.db"), { clients, revocations, known: KNOWN });
  log(`${clients} clients and ${revocations} revocations written`);
  const history = `SQLite, ${clients.toLocaleString("en")} clients, ${revocations.toLocaleString("en")} revocations`;
  for (let i = 1; i < scale.starts; i++) await (await timed(history, () => sqlite("full"))).stop();
  const full = await timed(history, () => sqlite("full"));
  const empty = await sqlite("empty", LOGINS);
  const listed = await sqlite("listed", { AUTHFLOW_STATUS_LISTS: "on" });
  const forEmpty = await register(empty);
  const subjects = {
    empty: { ...empty, credentials: forEmpty, minting: [mintAs(forEmpty)] },
    listed: { ...listed, minting: [mintAs(await register(listed))] },
    full: { ...full, minting: [mintAs(registered)], mintingMany: workingSet.map(mintAs) },
  };

  const databases = await openDatabases();
  if (databases !== undefined) {
    closing.push(databases.close);
    const key = Buffer.alloc(32, 1).toString("base64");
    const env = { ...databases.env, ...LOGINS, AUTHFLOW_KEY_ENCRYPTION_KEY: key };
    const server = await timed("PostgreSQL and Redis, new database", () => startServer(entry, env));
    started.push(server);
    const credentials = await register(server);
    subjects.networked = { ...server, credentials, minting: [mintAs(credentials)] };
    const { REDIS_URL: _, ...withoutRedis } = env;
    const second = await startServer(entry, { ...withoutRedis, DATABASE_URL: await databases.another() });
    started.push(second);
    const others = await register(second);
    subjects.alone = { ...second, credentials: others, minting: [mintAs(others)] };
  }
  closing.push(() => Promise.all(started.map((server) => server.stop())));
  return { floor, subjects, startUp, atRest };
}

async function bench() {
  const { floor, subjects, startUp, atRest } = await startAll();
  log("start-up measured");
  const { empty, listed, full, alone, networked } = subjects;

  const warmUp = { amount: scale.warmUp, keep: "access_token" };
  // A long warm-up, the same for all: otherwise the work of V8's compilers would be measured too.
  const { rate, tokens } = await measure(floor, { ...warmUp, requests: floor.minting });
  floor.tokens = tokens;
  for (const subject of Object.values(subjects)) await measure(subject, { ...warmUp, requests: subject.minting });
  await measure(full, { ...warmUp, requests: full.mintingMany });
  const mint = (subject, requests = subject.minting) => async () => {
    const result = await measure(subject, { requests, amount: Math.ceil(rate * scale.seconds), keep: "access_token" });
    (subject.tokens ??= []).push(...result.tokens);
    return result;
  };
  const minted = await alternate({
    signature: signatureFloor, floor: mint(floor), empty: mint(empty), listed: mint(listed),
    full: mint(full), fullMany: mint(full, full.mintingMany),
    ...(alone && { alone: mint(alone), networked: mint(networked) }),
  });
  log("mint measured");

  const amount = 3000 * scale.seconds;
  const jwks = (subject, path) => () => measure(subject, { requests: [{ method: "GET", path }], amount });
  const readers = { floor: jwks(floor, "/jwks"), empty: jwks(empty, "/.well-known/jwks.json") };
  for (const warm of Object.values(readers)) await warm();
  const read = await alternate(readers);
  log("JWKS measured");

  const peer = fork(here("peer.mjs"), [String(LIVE)]);
  closing.push(() => stop(peer));
  const oidcProvider = { pid: peer.pid, ...await reply(peer) };
  oidcProvider.codes = (count) => { const codes = reply(peer); peer.send(count); return codes; };
  const check = (subject, requestOf, tokens = LIVE) => {
    const requests = (subject.tokens ?? []).slice(-tokens).map(requestOf);
    return () => measure(subject, { requests, amount });
  };
  const userinfo = (token) => ({ method: "GET", path: "/userinfo", headers: { authorization: `Bearer ${token}` } });
  const onEach = (name, requestOf, tokens) => Object.fromEntries(Object.entries({ empty, alone, networked })
    .flatMap(([key, subject]) => (subject ? [[`${key} ${name}`, check(subject, requestOf(subject), tokens)]] : [])));
  const introspect = ({ credentials }) => introspectAs(credentials);
  const checks = {
    floor: check(floor, introspectAs()),
    peer: check(oidcProvider, introspectAs(oidcProvider.credentials, "/token/introspection")),
    ...onEach("introspect", introspect),
    ...onEach("first", introspect, UNKNOWN),
    ...onEach("userinfo", () => userinfo),
  };
  for (const warm of Object.values(checks)) await warm();
  const checked = await alternate(checks);
  log("introspection and userinfo measured");

  const exchanged = await alternate(await grantTasks({ floor, mint, peer: oidcProvider, empty, alone, networked }));
  log("grants measured");

  const logout = (subject) => () => {
    // A token can be logged out once: each round takes other tokens of those that were minted above.
    const requests = subject.tokens.splice(0, scale.logouts)
      .map((token) => post("/logout", {}, { authorization: `Bearer ${token}` }));
    return measure(subject, { requests, amount: requests.length });
  };
  const leaving = {
    floor: logout(floor), empty: logout(empty), full: logout(full),
    ...(alone && { alone: logout(alone), networked: logout(networked) }),
  };
  for (const warm of Object.values(leaving)) await warm();
  const loggedOut = await alternate(leaving);
  log("logout measured");

  const memory = Object.fromEntries(Object.entries(subjects).map(([name, { pid }]) => [name, peakMemory(pid)]));
  const others = minted.floor.reduce((sum, round) => sum + round.others, 0) / minted.floor.length;
  const { quick } = options;
  return {
    scale, connections: CONNECTIONS, known: KNOWN, quick,
    minted, read, checked, exchanged, loggedOut, startUp, atRest, memory, others,
  };
}

/**
 * The grants of POST /token for each subject that is there, warmed up. A code or a refresh token is exchanged once:
 * each round takes others. The exchange of a code gives the refresh tokens, and a refresh the next ones.
 */
async function grantTasks({ floor, mint, ...subjects }) {
  const tasks = { floor: mint(floor) };
  const amount = scale.grants;
  for (const [name, subject] of Object.entries(subjects).filter(([, one]) => one !== undefined)) {
    const { credentials } = subject;
    const codes = subject.codes ?? await logIn(subject);
    const left = [];
    const renewing = (requestOf, take) => async () => {
      const result = await measure(subject, { requests: (await take()).map(requestOf), amount, keep: "refresh_token" });
      left.push(...result.tokens);
      return result;
    };
    const own = [clientCredentials(credentials)];
    tasks[`${name} client_credentials`] = () => measure(subject, { requests: own, amount });
    tasks[`${name} code`] = renewing(codeExchange(credentials), () => codes(amount));
    tasks[`${name} refresh`] = renewing(refresh(credentials), () => left.splice(0, amount));
  }
  for (let i = 0; i < 3; i++) for (const warm of Object.values(tasks)) await warm();
  return tasks;
}

try {
  const text = report(await bench());
  writeFileSync(out, text);
  console.log(text);
} finally {
  for (const close of closing.reverse()) await close();
  log("done");
}
