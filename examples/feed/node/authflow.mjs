import { setTimeout as sleep } from "node:timers/promises";
import { importJWK, jwtVerify } from "jose"; // npm install jose

const AUTHFLOW = process.env.AUTHFLOW_URL ?? "http://localhost:8080";
const ISSUER = process.env.AUTHFLOW_ISSUER ?? "authflow-go";
const AUDIENCE = process.env.AUTHFLOW_AUDIENCE; // your name in the claim aud, if you have one
const CLIENT = `${process.env.AUTHFLOW_CLIENT_ID}:${process.env.AUTHFLOW_CLIENT_SECRET}`;
const STALE_AFTER = Number(process.env.AUTHFLOW_STALE_AFTER ?? 45) * 1000;
const REFETCH_AFTER = Number(process.env.AUTHFLOW_REFETCH_AFTER ?? 5) * 1000;
const RETRY_LAST = Number(process.env.AUTHFLOW_RECONNECT_WITHIN ?? 5) * 1000;
const ACCEPT_WHEN_STALE = process.env.AUTHFLOW_WHEN_STALE === "open";
if (!(STALE_AFTER > 0)) throw new Error("AUTHFLOW_STALE_AFTER takes seconds");

const ALGORITHMS = ["RS256", "ES256", "EdDSA"];
const [KEEP_KEYS, TIMEOUT] = [300_000, 5_000];
const SILENCE = STALE_AFTER * 2 / 3; // closes a dead connection early enough to open another before the data is stale
const [RETRY_FIRST, RETRY_REFUSED] = [RETRY_LAST / 25, 30_000];

/** It is unknown whether the token is valid: answer your caller 503. Any other error of verify(): 401. */
export class Unknown extends Error {}

/** The claims of a token that Authflow signed, that has not expired and that was not revoked. Makes no call. */
export async function verify(token) {
  const { payload: claims, protectedHeader: { kid, typ } } = await jwtVerify(token, keyOf, {
    algorithms: ALGORITHMS, issuer: ISSUER, requiredClaims: ["exp", "iat", "sub", "jti"],
  });
  if (!["JWT", "at+jwt"].includes(typ)) throw new Error("this is not an access token");
  if (claims.aud !== undefined && ![claims.aud].flat().includes(AUDIENCE))
    throw new Error(`the token is for ${claims.aud}: set AUTHFLOW_AUDIENCE if that is you`);
  if (revoked.ends(claims, kid)) throw new Error("the token was revoked");
  if (!isFresh() && !ACCEPT_WHEN_STALE) throw new Unknown("the revocation state is unknown");
  return claims;
}

/** Whether the known revocations are up to date: use it in your readiness check. */
export const isFresh = () => performance.now() - heardAt < STALE_AFTER;

/** Express: app.use(expressMiddleware). The claims are in request.claims. */
export async function expressMiddleware(request, response, next) {
  const refusal = await admit(request);
  if (refusal === undefined) return next();
  response.status(refusal.status).set(refusal.headers).json(refusal.body);
}

/** Fastify: app.addHook("onRequest", fastifyHook). The claims are in request.claims. */
export async function fastifyHook(request, reply) {
  const refusal = await admit(request);
  if (refusal !== undefined) return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
}

async function admit(request) {
  const [, token = ""] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  try {
    request.claims = await verify(token);
  } catch (error) {
    const body = { error: "temporarily_unavailable", error_description: error.message };
    if (error instanceof Unknown) return { status: 503, headers: { "retry-after": "1" }, body };
    const challenge = token === "" ? "Bearer" : 'Bearer error="invalid_token"';
    return { status: 401, headers: { "www-authenticate": challenge }, body: { ...body, error: "invalid_token" } };
  }
}

// An unknown kid fetches the keys, at most once in REFETCH_AFTER; requests that wait share one fetch.
let keys = new Map();
let [fetchedAt, askedAt] = [-Infinity, -Infinity];
let fetching, fetchFailed;

async function keyOf({ kid }) {
  if (!keys.has(kid)) await refreshKeys();
  if (keys.has(kid)) return keys.get(kid);
  throw fetchFailed ? new Unknown("the keys can't be fetched") : new Error("no key has the token's kid");
}

function refreshKeys() {
  if (fetching === undefined && performance.now() - askedAt < REFETCH_AFTER) return undefined;
  return fetching ??= fetchKeys().then(() => { fetchFailed = false; }, (error) => {
    fetchFailed = true;
    console.error(`authflow: the keys can't be fetched: ${error.cause?.message ?? error.message}`);
  }).finally(() => { [fetching, askedAt] = [undefined, performance.now()]; });
}

async function fetchKeys() {
  const response = await fetch(`${AUTHFLOW}/.well-known/jwks.json`, { signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const usable = (await response.json()).keys.filter(({ alg }) => ALGORITHMS.includes(alg));
  // Each key verifies its own algorithm only, whatever the token's header says.
  keys = new Map(await Promise.all(usable.map(async (jwk) => [jwk.kid, await importJWK(jwk, jwk.alg)])));
  fetchedAt = performance.now();
}

/** What is revoked, by name: jti:…, sub:…, sid:…, client_id:…, client_sub:<client_id>:<sub>, client_sid:…, kid:…. */
class Revocations {
  #entries = new Map(); // name → before: tokens issued earlier (epoch ms) are revoked; exp: end of the entry (s)
  #expiring = new Map(); // minute → the names whose entries expire by then

  add(name, before, exp) {
    const known = this.#entries.get(name) ?? { before: -Infinity, exp: -Infinity };
    this.#entries.set(name, { before: Math.max(before, known.before), exp: Math.max(exp, known.exp) });
    if (exp <= known.exp) return;
    const minute = Math.ceil(exp / 60) + 1; // one minute later than needed
    if (!this.#expiring.has(minute)) this.#expiring.set(minute, []);
    this.#expiring.get(minute).push(name);
  }

  ends({ jti, sub, sid, client_id, iat }, kid) {
    // When the token was issued: to the millisecond by a UUIDv7 jti that agrees with iat, else at iat.
    const [, high, low] = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(jti) ?? [];
    const instant = high === undefined ? NaN : parseInt(high + low, 16);
    const issuedAt = Math.floor(instant / 1000) === iat ? instant : iat * 1000;
    const names = [`jti:${jti}`, `kid:${kid}`, `sub:${sub}`, `client_id:${client_id}`];
    names.push(`client_sub:${client_id}:${sub}`);
    if (sid !== undefined) names.push(`sid:${sid}`, `client_sid:${client_id}:${sid}`);
    return names.some((name) => issuedAt < this.#entries.get(name)?.before);
  }

  /** Drops whole minutes: entries that stay cost nothing. */
  dropExpired() {
    const now = Date.now() / 1000;
    for (const [minute, names] of this.#expiring) {
      if (minute * 60 > now) continue;
      for (const name of names) if (this.#entries.get(name)?.exp <= now) this.#entries.delete(name);
      this.#expiring.delete(minute);
    }
  }
}

let revoked = new Revocations();
let rebuilt; // after a reset: the snapshot, which replaces `revoked` when it is complete
let caughtUp = false; // whether this connection has received all events from before it
let heardAt = -Infinity; // when the data was last up to date
let lastEventId;
const closing = new AbortController();

function take(event, data) {
  const add = (name, before, exp) => { for (const set of [revoked, rebuilt]) set?.add(name, before, exp); };
  switch (event) {
    case "reset":
      [rebuilt, caughtUp] = [new Revocations(), false];
      break;
    case "revoked":
      for (const { jti, exp } of data) add(`jti:${jti}`, Infinity, exp);
      break;
    case "issued_before":
      for (const { issued_before, issued_to, exp, ...named } of data) {
        for (const scope of ["sub", "sid", "client_id", "kid"].filter((scope) => named[scope] !== undefined)) {
          const name = issued_to === undefined ? scope : `client_${scope}:${issued_to}`;
          add(`${name}:${named[scope]}`, scope === "kid" ? Infinity : issued_before, exp);
        }
      }
      break;
    case "current":
      [revoked, rebuilt, caughtUp] = [rebuilt ?? revoked, undefined, true];
      break;
    case "heartbeat":
      break;
    default:
      return false; // an event of a later version
  }
  // Not while catching up: events that are still to come may be hours old.
  if (caughtUp) heardAt = performance.now();
  return true;
}

/** One connection to the feed. Throws or returns when it ends. */
async function listen() {
  [caughtUp, rebuilt] = [false, undefined];
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(new Error("it is silent")), SILENCE);
  try {
    const authorization = `Basic ${Buffer.from(CLIENT).toString("base64")}`;
    const response = await fetch(`${AUTHFLOW}/revocations/stream`, {
      headers: { authorization, accept: "text/event-stream", ...(lastEventId && { "last-event-id": lastEventId }) },
      signal: AbortSignal.any([silence.signal, closing.signal]),
    });
    const { status } = response;
    if (status === 401) throw new Error("AUTHFLOW_CLIENT_ID or AUTHFLOW_CLIENT_SECRET is wrong", { cause: status });
    if (status !== 200) {
      const { error_description: why = "" } = await response.json().catch(() => ({}));
      throw new Error(`status ${status} ${why}`.trim());
    }
    let rest = "";
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const fields = block.split("\n").map((line) => /^(\w*): ?(.*)$/.exec(line)?.slice(1) ?? ["", line]);
        const { event, data = "null", id } = Object.fromEntries(fields);
        if (take(event, JSON.parse(data))) watchdog.refresh();
        if (id !== undefined) lastEventId = id;
        if (event === "current") log("up to date");
        if (["current", "heartbeat"].includes(event)) {
          revoked.dropExpired();
          if (performance.now() - fetchedAt > KEEP_KEYS) refreshKeys();
        }
      }
    }
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

async function follow() {
  for (let longest = 2 * RETRY_FIRST; !closing.signal.aborted; longest = Math.min(2 * longest, RETRY_LAST)) {
    const error = await listen().catch((error) => error);
    if (closing.signal.aborted) return;
    if (caughtUp) longest = 2 * RETRY_FIRST;
    log(error === undefined ? "ended" : `lost: ${error.cause?.message ?? error.message}`);
    const pause = error?.cause === 401 ? RETRY_REFUSED : RETRY_FIRST + Math.random() * (longest - RETRY_FIRST);
    await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
  }
}

let logged;
function log(state) {
  if (state !== logged) console.error(`authflow: the revocation feed is ${state}`);
  logged = state;
}

/** Ends the subscription, which otherwise keeps the process alive. */
export const close = () => closing.abort();

void follow();
