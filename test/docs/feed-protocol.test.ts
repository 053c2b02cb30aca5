import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { uuidv7 } from "../../src/shared/uuid.js";
import { claimsOf } from "./forged-tokens.js";
import { type Algorithm, type Connection, type ScriptedFeed, scriptedFeed } from "./scripted-feed.js";
import { findVerifiers, startVerifier, until, type Verifier } from "./verifiers.js";

const SECRET = { AUTHFLOW_CLIENT_ID: "shop", AUTHFLOW_CLIENT_SECRET: "shop-secret" };
const commands = Object.entries(findVerifiers(t, "feed"));
const [OK, REVOKED, UNKNOWN] = [/^ok /, /^refused .*revoked/, /^unknown /];

t.jobs = 2; // most of the time of the longest scenes is silence

/** Plays a scene with each language's example, all at once. */
function scene(
  name: string,
  env: Record<string, string>,
  play: (t: Test, feed: ScriptedFeed, verifier: Verifier, language: string) => Promise<void>,
): void {
  t.test(name, { buffered: true }, async (t) => {
    t.jobs = commands.length;
    for (const [language, command] of commands) {
      t.test(language, { buffered: true }, async (t) => {
        const feed = await scriptedFeed(t);
        await play(t, feed, startVerifier(t, command, { AUTHFLOW_URL: feed.url, ...SECRET, ...env }), language);
      });
    }
  });
}

function entryOf(token: string): { jti: unknown; exp: unknown } {
  const { jti, exp } = claimsOf(token);
  return { jti, exp };
}

/** Sends the end of a token, and resolves when the verifier has taken it and all that was sent before. */
async function taken(t: Test, feed: ScriptedFeed, verifier: Verifier, { event }: Connection): Promise<void> {
  const token = feed.mint();
  event("revoked", [entryOf(token)]);
  t.match(await verifier.askUntil(token, REVOKED), REVOKED, "hears of a logout");
}

scene("a snapshot", {}, async (t, feed, verifier) => {
  const [revoked, live] = [feed.mint(), feed.mint()];
  const connection = await feed.next();
  t.equal(connection.headers.authorization, `Basic ${Buffer.from("shop:shop-secret").toString("base64")}`);
  t.notOk("last-event-id" in connection.headers, "has heard of nothing yet");
  t.match(await verifier.ask(live), UNKNOWN, "knows that it knows nothing");
  connection.raw("retry: 1000\n\n: a comment\n\n");
  connection.event("reset");
  connection.event("revoked", [entryOf(revoked)]);
  t.match(await verifier.askUntil(revoked, REVOKED), REVOKED, "refuses what it has heard of so far");
  connection.event("heartbeat");
  await taken(t, feed, verifier, connection);
  t.match(await verifier.ask(live), UNKNOWN, "does not take a part of the snapshot for all of it");
  connection.event("current", {}, "1");
  t.equal(await verifier.askUntil(live, OK), "ok alice");
  t.match(await verifier.ask(revoked), REVOKED, "still refuses what was revoked");
});

/** A connection that has told its subscriber everything. */
async function upToDate(t: Test, feed: ScriptedFeed, verifier: Verifier): Promise<Connection> {
  const connection = await feed.next();
  connection.event("reset");
  connection.event("current", {}, "1");
  t.equal(await verifier.askUntil(feed.mint(), OK), "ok alice", "is up to date");
  return connection;
}

scene("algorithms", {}, async (t, feed, verifier, language) => {
  await upToDate(t, feed, verifier);
  const all: Algorithm[] = language === "Ruby" ? ["RS256", "ES256"] : ["RS256", "ES256", "EdDSA"];
  for (const algorithm of all) {
    t.equal(await verifier.ask(feed.mint({}, Date.now(), algorithm)), "ok alice", algorithm);
    for (const kid of all.filter((other) => other !== algorithm)) {
      for (const lie of [{ kid }, { alg: kid }]) {
        const token = feed.mint({}, Date.now(), algorithm, lie);
        t.match(await verifier.ask(token), /^refused /, `${algorithm} with ${JSON.stringify(lie)}`);
      }
    }
  }
});

scene("what ends a token", {}, async (t, feed, verifier) => {
  const connection = await upToDate(t, feed, verifier);
  const { event } = connection;
  const at = Math.floor(Date.now() / 1000) * 1000 - 5_000;
  const exp = at / 1000 + 3600;
  const born = (milliseconds: number, claims = {}): string => feed.mint({ sub: "zoë", ...claims }, at + milliseconds);
  const lateJti = { jti: uuidv7(at + 86_400_000) };
  const ended = [born(0), born(249), born(999, lateJti), born(999, { jti: "opaque" })];
  const [next, later, elsewhere] = [born(250), born(1_000, { jti: "opaque" }), born(0, { sub: "bob" })];
  for (const token of [...ended, next, later]) t.match(await verifier.ask(token), OK);
  // In pieces, one of which ends amid a character.
  const data = JSON.stringify([{ sub: "zoë", issued_before: at + 250, exp }]);
  const text = Buffer.from(`event: issued_before\nid: 2\ndata: ${data}\n\n`);
  const amid = text.indexOf("ë") + 1;
  for (const part of [text.subarray(0, 9), text.subarray(9, amid), text.subarray(amid)]) {
    connection.raw(part);
    await sleep(20);
  }
  t.match(await verifier.askUntil(born(0), REVOKED), REVOKED, "a cut-off of a subject");
  for (const token of ended) t.match(await verifier.ask(token), REVOKED, "ends what was born before it");
  for (const token of [next, later, elsewhere]) t.match(await verifier.ask(token), OK, "and nothing else");

  event("issued_before", [{ sub: "zoë", issued_before: at + 100, exp }]);
  event("novelty", [{ sub: "bob", issued_before: at + 9_999, exp }]);
  await taken(t, feed, verifier, connection);
  t.match(await verifier.ask(ended[1] ?? ""), REVOKED, "of two cut-offs the later one counts");
  t.match(await verifier.ask(elsewhere), OK, "an event of a later version is ignored");

  event("issued_before", [
    { sub: "zoë", issued_before: at + 900, exp }, { client_id: "kiosk", issued_before: at + 500, exp },
  ]);
  t.match(await verifier.askUntil(next, REVOKED), REVOKED, "a later one ends more");
  t.match(await verifier.ask(feed.mint({ client_id: "kiosk" }, at)), REVOKED, "a cut-off of a client");
  t.match(await verifier.ask(feed.mint({ client_id: "kiosk" }, at + 500)), OK);

  event("issued_before", [{ kid: "RS256", issued_before: at, exp: 253_402_300_800 }]);
  t.match(await verifier.askUntil(feed.mint({}, at), REVOKED), REVOKED, "a key");
  t.match(await verifier.ask(feed.mint({}, Date.now() + 60_000)), REVOKED, "ends all that it signs, whenever");
});

scene("an end of the connection", {}, async (t, feed, verifier) => {
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
  t.match(await verifier.ask(first), REVOKED, "forgets nothing before it has heard of everything");
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
});

scene("what has expired", {}, async (t, feed, verifier) => {
  const connection = await upToDate(t, feed, verifier);
  const [gone, prolonged, kept] = [feed.mint(), feed.mint(), feed.mint()];
  const [past, future] = [-300, 300].map((seconds) => Math.floor(Date.now() / 1000) + seconds);
  connection.event("revoked", [gone, prolonged].map((token) => ({ ...entryOf(token), exp: past })));
  connection.event("revoked", [prolonged, kept].map((token) => ({ ...entryOf(token), exp: future })));
  t.match(await verifier.askUntil(kept, REVOKED), REVOKED);
  connection.event("heartbeat");
  // Its own exp is later than what the feed said: that it counts again shows that its entry was dropped.
  t.equal(await verifier.askUntil(gone, OK), "ok alice", "is dropped");
  for (const token of [prolonged, kept]) t.match(await verifier.ask(token), REVOKED, "and nothing else is");
});

scene("silence", { AUTHFLOW_STALE_AFTER: "5" }, async (t, feed, verifier) => {
  const [revoked, missed, live] = [feed.mint(), feed.mint(), feed.mint()];
  // Whenever it connects, also because a slow machine kept it waiting for too long, it is told the same.
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
  t.match(await verifier.askUntil(live, UNKNOWN), UNKNOWN, "who has heard nothing for long knows that");
  t.match(await verifier.ask(revoked), REVOKED, "and refuses what is known to be revoked");
  phase = "catches up";
  t.match(await verifier.askUntil(missed, REVOKED), REVOKED);
  t.match(await verifier.ask(live), UNKNOWN, "what was missed comes before what is trusted");
  phase = "talks";
  t.equal(await verifier.askUntil(live, OK), "ok alice");
});

scene("signs of life", { AUTHFLOW_STALE_AFTER: "9" }, async (t, feed, verifier) => {
  const connection = await upToDate(t, feed, verifier);
  const live = feed.mint();
  for (let i = 0; i < 70; i++) {
    connection.event("heartbeat");
    await sleep(100);
  }
  t.notOk(connection.closed(), "a quiet connection that lives is kept for longer than silence would be borne");
  t.equal(await verifier.ask(live), "ok alice");
});

scene("wrong credentials", {}, async (t, feed, verifier) => {
  (await feed.next()).refuse(401);
  t.match(await verifier.ask(feed.mint()), UNKNOWN);
  const clear = /(client's id or secret|AUTHFLOW_CLIENT_ID or AUTHFLOW_CLIENT_SECRET) is wrong/;
  t.ok(await until(() => clear.test(verifier.log())), verifier.log());
});
