import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "../support/tap.js";
import { uuidv7 } from "../../src/shared/uuid.js";
import { claimsOf } from "./forged-tokens.js";
import { type Algorithm, type Connection, type ScriptedFeed, scriptedFeed } from "./scripted-feed.js";
import { findVerifiers, startVerifier, until, type Verifier } from "./verifiers.js";

/** An example of some language, and the feed that it follows. */
interface Follower { verifier: Verifier; feed: ScriptedFeed }
type Play = (t: Test, feed: ScriptedFeed, verifier: Verifier) => Promise<void>;

const SECRET = { AUTHFLOW_CLIENT_ID: "shop", AUTHFLOW_CLIENT_SECRET: "shop-secret", AUTHFLOW_RECONNECT_WITHIN: "0.5" };
const [OK, REVOKED, UNKNOWN] = [/^ok /, /^refused .*revoked/, /^unknown /];
/** Seconds without an event after which what is known is out of date, in the scenes of silence. */
const STALE_AFTER = 0.9;
/** Milliseconds of silence after which the examples give a connection up. */
const SILENCE = STALE_AFTER * 1000 * 2 / 3;

async function start(t: Test, env: Record<string, string> = {}): Promise<Follower[]> {
  const followers: Follower[] = [];
  for (const [language, command] of Object.entries(await findVerifiers(t, "feed"))) {
    const feed = await scriptedFeed(t);
    const settings = { AUTHFLOW_URL: feed.url, ...SECRET, ...env };
    followers.push({ feed, verifier: await startVerifier(t, language, command, settings) });
  }
  return followers;
}

/** Plays scenes one after another, each with all followers at once: they are as the last scene left them. */
async function play(t: Test, followers: Follower[], scenes: [string, Play][]): Promise<void> {
  for (const [name, scene] of scenes) {
    await t.test(name, async (t) => {
      t.jobs = followers.length;
      await Promise.all(followers.map(({ feed, verifier }) =>
        t.test(verifier.language, { buffered: true }, (t) => scene(t, feed, verifier))));
    });
  }
}

const scenes: [name: string, play: Play][] = [];
const scenesOfSilence: [name: string, play: Play][] = [];

function entryOf(token: string): { jti: unknown; exp: unknown } {
  const { jti, exp } = claimsOf(token);
  return { jti, exp };
}

/** Sends the end of a token, and resolves when the verifier has taken it and all that was sent before. */
async function taken(t: Test, feed: ScriptedFeed, verifier: Verifier, { event }: Connection): Promise<void> {
  const token = feed.mint();
  event("revoked", [entryOf(token)]);
  t.match(await verifier.askUntil(token, REVOKED), REVOKED, "learns of a logout");
}

scenes.push(["a snapshot", async (t, feed, verifier) => {
  const [revoked, live] = [feed.mint(), feed.mint()];
  const connection = await feed.next();
  t.equal(connection.headers.authorization, `Basic ${Buffer.from("shop:shop-secret").toString("base64")}`);
  t.notOk("last-event-id" in connection.headers, "has received nothing yet");
  t.match(await verifier.ask(live), UNKNOWN, "knows that it knows nothing");
  connection.raw("retry: 1000\n\n: a comment\n\n");
  connection.event("reset");
  connection.event("revoked", [entryOf(revoked)]);
  t.match(await verifier.askUntil(revoked, REVOKED), REVOKED, "refuses what it has received so far");
  connection.event("heartbeat");
  await taken(t, feed, verifier, connection);
  t.match(await verifier.ask(live), UNKNOWN, "does not take a part of the snapshot for all of it");
  connection.event("current", {}, "1");
  t.equal(await verifier.askUntil(live, OK), "ok alice");
  t.match(await verifier.ask(revoked), REVOKED, "still refuses what was revoked");
}]);

/** The open connection, after it sent its subscriber a whole snapshot. */
async function upToDate(t: Test, feed: ScriptedFeed, verifier: Verifier): Promise<Connection> {
  const connection = await feed.openConnection();
  connection.event("reset");
  connection.event("current", {}, "1");
  t.equal(await verifier.askUntil(feed.mint(), OK), "ok alice", "is up to date");
  return connection;
}

scenes.push(["algorithms", async (t, feed, verifier) => {
  await upToDate(t, feed, verifier);
  const all: Algorithm[] = verifier.language === "Ruby" ? ["RS256", "ES256"] : ["RS256", "ES256", "EdDSA"];
  for (const algorithm of all) {
    t.equal(await verifier.ask(feed.mint({}, Date.now(), algorithm)), "ok alice", algorithm);
    for (const kid of all.filter((other) => other !== algorithm)) {
      for (const lie of [{ kid }, { alg: kid }]) {
        const token = feed.mint({}, Date.now(), algorithm, lie);
        t.match(await verifier.ask(token), /^refused /, `${algorithm} with ${JSON.stringify(lie)}`);
      }
    }
  }
}]);

scenes.push(["what ends a token", async (t, feed, verifier) => {
  const connection = await upToDate(t, feed, verifier);
  const { event } = connection;
  const at = Math.floor(Date.now() / 1000) * 1000 - 5_000;
  const exp = at / 1000 + 3600;
  const issuedAt = (milliseconds: number, claims = {}): string =>
    feed.mint({ sub: "zoë", ...claims }, at + milliseconds);
  const lateJti = { jti: uuidv7(at + 86_400_000) };
  const ended = [issuedAt(0), issuedAt(249), issuedAt(999, lateJti), issuedAt(999, { jti: "opaque" })];
  const [next, later, elsewhere] = [issuedAt(250), issuedAt(1_000, { jti: "opaque" }), issuedAt(0, { sub: "bob" })];
  for (const token of [...ended, next, later]) t.match(await verifier.ask(token), OK);
  // In pieces, one of which ends inside a character.
  const data = JSON.stringify([{ sub: "zoë", issued_before: at + 250, exp }]);
  const text = Buffer.from(`event: issued_before\nid: 2\ndata: ${data}\n\n`);
  const inside = text.indexOf("ë") + 1;
  for (const part of [text.subarray(0, 9), text.subarray(9, inside), text.subarray(inside)]) {
    connection.raw(part);
    await sleep(20);
  }
  t.match(await verifier.askUntil(issuedAt(0), REVOKED), REVOKED, "a cut-off of a subject");
  for (const token of ended) t.match(await verifier.ask(token), REVOKED, "ends what was issued before it");
  for (const token of [next, later, elsewhere]) t.match(await verifier.ask(token), OK, "and nothing else");

  event("issued_before", [{ sub: "zoë", issued_before: at + 100, exp }]);
  event("novelty", [{ sub: "bob", issued_before: at + 9_999, exp }]);
  await taken(t, feed, verifier, connection);
  t.match(await verifier.ask(ended[1] ?? ""), REVOKED, "of two cut-offs the later one is in force");
  t.match(await verifier.ask(elsewhere), OK, "an event of a later version is ignored");

  event("issued_before", [
    { sub: "zoë", issued_before: at + 900, exp }, { client_id: "kiosk", issued_before: at + 500, exp },
  ]);
  t.match(await verifier.askUntil(next, REVOKED), REVOKED, "a later one ends more");
  t.match(await verifier.ask(feed.mint({ client_id: "kiosk" }, at)), REVOKED, "a cut-off of a client");
  t.match(await verifier.ask(feed.mint({ client_id: "kiosk" }, at + 500)), OK);

  event("issued_before", [{ sub: "carol:1", issued_to: "kiosk", issued_before: at + 1500, exp }]);
  const carol = (client_id: string, milliseconds: number, sub = "carol:1"): string =>
    feed.mint({ sub, client_id }, at + milliseconds);
  t.match(await verifier.askUntil(carol("kiosk", 1400), REVOKED), REVOKED, "a cut-off of a subject and a client");
  t.match(await verifier.ask(carol("kiosk", 1500)), OK, "ends what was issued before it");
  t.match(await verifier.ask(carol("kiosk", 1400, "dave")), OK, "to no other subject");
  t.match(await verifier.ask(carol("shop", 1400)), OK, "and to no other client");

  event("issued_before", [
    { sid: "undefined", issued_before: at + 9_999, exp }, { sid: "None", issued_before: at + 9_999, exp },
    { sid: "", issued_before: at + 9_999, exp }, { sid: "s:1 ë", issued_before: at + 1500, exp },
    { sid: "s-2", issued_to: "kiosk", issued_before: at + 1500, exp },
  ]);
  const inSession = (sid: string | undefined, milliseconds: number, client_id = "shop"): string =>
    feed.mint({ sub: "erin", sid, client_id }, at + milliseconds);
  t.match(await verifier.askUntil(inSession("s-2", 1400, "kiosk"), REVOKED), REVOKED, "a client's session");
  for (const live of [inSession("s-2", 1400), inSession("s-2", 1500, "kiosk"), inSession("s-3", 1400, "kiosk")])
    t.match(await verifier.ask(live), OK, "ends nothing of another client or session, and nothing of later");
  t.match(await verifier.ask(inSession("s:1 ë", 1400)), REVOKED, "a cut-off of a session");
  t.match(await verifier.ask(inSession("s:1 ë", 1400, "garage")), REVOKED, "ends what any client was issued");
  for (const live of [inSession("s:1 ë", 1500), inSession(undefined, 1400), feed.mint({ sub: "s:1 ë" }, at + 1400)])
    t.match(await verifier.ask(live), OK, "and nothing else");

  event("issued_before", [{ kid: "RS256", issued_before: at, exp: 253_402_300_800 }]);
  t.match(await verifier.askUntil(feed.mint({}, at), REVOKED), REVOKED, "a key");
  t.match(await verifier.ask(feed.mint({}, Date.now() + 60_000)), REVOKED, "ends all that it signs, whenever");
}]);

scenes.push(["an end of the connection", async (t, feed, verifier) => {
  const [first, second, third, live] = [feed.mint(), feed.mint(), feed.mint(), feed.mint()];
  const one = await upToDate(t, feed, verifier);
  one.event("revoked", [entryOf(first)], "2.0");
  one.event("revoked", [entryOf(second)]);
  t.match(await verifier.askUntil(second, REVOKED), REVOKED);
  one.raw(`event: revoked\nid: 3\ndata: [{"jti":"${String(entryOf(live).jti)}","exp":9999999999}]\n`);
  one.end();
  const two = await feed.next();
  t.equal(two.headers["last-event-id"], "2.0", "goes on behind the last event that was whole");
  t.equal(await verifier.ask(live), "ok alice", "goes on meanwhile");

  two.event("reset");
  two.event("revoked", [entryOf(third)]);
  t.match(await verifier.askUntil(third, REVOKED), REVOKED);
  t.match(await verifier.ask(first), REVOKED, "forgets nothing before it has received everything");
  two.end();
  const three = await feed.next();
  t.equal(three.headers["last-event-id"], "2.0", "half a snapshot is none");
  three.event("current", {}, "4");
  await taken(t, feed, verifier, three);
  for (const token of [first, second]) t.match(await verifier.ask(token), REVOKED, "and what was known remains");
  three.event("reset");
  three.event("revoked", [entryOf(third)]);
  three.event("current", {}, "5");
  t.equal(await verifier.askUntil(first, OK), "ok alice", "a whole one replaces what was known");
  t.match(await verifier.ask(third), REVOKED);

  three.raw("event: revoked\nid: 6\ndata: [{]\n\n");
  const four = await feed.next();
  t.equal(four.headers["last-event-id"], "5", "what can't be read is asked for again");
  four.refuse(503);
  (await feed.next()).event("current", {}, "7");
  t.match(verifier.log(), /503/, "says why it is not connected");
}]);

scenes.push(["what has expired", async (t, feed, verifier) => {
  const connection = await upToDate(t, feed, verifier);
  const [gone, prolonged, kept] = [feed.mint(), feed.mint(), feed.mint()];
  const [past, future] = [-300, 300].map((seconds) => Math.floor(Date.now() / 1000) + seconds);
  connection.event("revoked", [gone, prolonged].map((token) => ({ ...entryOf(token), exp: past })));
  connection.event("revoked", [prolonged, kept].map((token) => ({ ...entryOf(token), exp: future })));
  t.match(await verifier.askUntil(kept, REVOKED), REVOKED);
  connection.event("heartbeat");
  // Its own exp is later than the exp in the feed: that it is valid again shows that its entry was dropped.
  t.equal(await verifier.askUntil(gone, OK), "ok alice", "is dropped");
  for (const token of [prolonged, kept]) t.match(await verifier.ask(token), REVOKED, "and nothing else is");
}]);

scenesOfSilence.push(["silence", async (t, feed, verifier) => {
  const [revoked, missed, live] = [feed.mint(), feed.mint(), feed.mint()];
  // Each new connection gets the same, also one that is opened because a slow machine was silent for too long.
  let phase: "talks" | "comments" | "catches up" = "talks";
  const connections: Connection[] = [];
  feed.answer = (connection) => {
    connections.push(connection);
    if (phase === "talks") {
      connection.event("reset");
      connection.event("revoked", [entryOf(revoked)]);
    } else if (phase === "catches up") connection.event("revoked", [entryOf(missed)], "2");
  };
  const talk = setInterval(() => {
    for (const { event, raw } of connections) {
      if (phase === "talks") event("current", {}, "1");
      else raw(": I am here\n\n");
    }
  }, 100);
  t.teardown(() => { clearInterval(talk); });
  t.equal(await verifier.askUntil(live, OK), "ok alice");

  phase = "comments";
  const before = [...connections];
  const givenUp = await until(() => before.every(({ closed }) => closed()));
  t.ok(givenUp, "gives up a connection without events, whatever it carries");
  t.match(await verifier.askUntil(live, UNKNOWN), UNKNOWN, "after a long silence it answers unknown");
  t.match(await verifier.ask(revoked), REVOKED, "and refuses what is known to be revoked");
  phase = "catches up";
  t.match(await verifier.askUntil(missed, REVOKED), REVOKED);
  t.match(await verifier.ask(live), UNKNOWN, "accepts nothing before it knows all that it missed");
  phase = "talks";
  t.equal(await verifier.askUntil(live, OK), "ok alice");
}]);

scenesOfSilence.push(["signs of life", async (t, feed, verifier) => {
  const live = feed.mint();
  const connections: { connection: Connection; since: number }[] = [];
  feed.answer = (connection) => {
    connections.push({ connection, since: performance.now() });
    connection.event("reset");
    connection.event("current", {}, "1");
  };
  const beat = setInterval(() => { for (const { connection } of connections) connection.event("heartbeat"); }, 50);
  t.teardown(() => { clearInterval(beat); });
  t.equal(await verifier.askUntil(live, OK), "ok alice", "is up to date");
  // On a slow machine it may wait for too long, and give a connection up: then it opens another.
  const lives = (): boolean => connections.some(({ connection, since }) =>
    !connection.closed() && performance.now() - since > 1.5 * SILENCE);
  t.ok(await until(lives), "a quiet connection with heartbeats is kept for longer than a silent one");
  t.equal(await verifier.askUntil(live, OK), "ok alice");
}]);

scenesOfSilence.push(["a client without the permission", async (t, feed, verifier) => {
  feed.answer = (connection) => { connection.refuse(403, "This client lacks the permission feed"); };
  feed.end();
  const clear = /403.* This client lacks the permission feed$/m;
  t.ok(await until(() => clear.test(verifier.log())), verifier.log());
  feed.answer = (connection) => { connection.refuse(502); };
  t.ok(await until(() => /is lost: (status )?502( Bad Gateway)?$/m.test(verifier.log())), verifier.log());
}]);

scenesOfSilence.push(["wrong credentials", async (t, feed, verifier) => {
  feed.answer = (connection) => { connection.refuse(401); };
  feed.end();
  t.match(await verifier.askUntil(feed.mint(), UNKNOWN), UNKNOWN);
  const clear = /(client's id or secret|AUTHFLOW_CLIENT_ID or AUTHFLOW_CLIENT_SECRET) is wrong/;
  t.ok(await until(() => clear.test(verifier.log())), verifier.log());
}]);

t.jobs = 2; // while some are silent, others talk
await Promise.all([
  t.test("talking", { buffered: true }, async (t) => play(t, await start(t), scenes)),
  t.test("silence", { buffered: true }, async (t) => {
    await play(t, await start(t, { AUTHFLOW_STALE_AFTER: String(STALE_AFTER) }), scenesOfSilence);
  }),
]);
