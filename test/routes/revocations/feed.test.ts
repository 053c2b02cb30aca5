import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { basic, bearer, decode, onEveryBackend, OPERATOR, type TestApp } from "../../support/app.js";
import { entryOf, follow, type Follower, isRevocationEvent, jtiOf, listening } from "../../support/feed.js";

const some = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;
const revokeSubject = (app: TestApp, sub: string, client: { client_id: string; client_secret: string }) =>
  app.call("POST", "/revocations", { headers: basic(client), payload: { sub } });

await onEveryBackend(t, async (t, env) => {
  const [a, b] = [await listening(t, env), await listening(t, env)];
  const client = await a.register();
  const tokens = (count: number) => Promise.all(Array.from({ length: count }, () => a.mint({}, client)));
  await t.test("a new subscriber receives all that is revoked, then what happens at any replica", async (t) => {
    const [old, one, two, everywhere, last] = await tokens(5) as [string, string, string, string, string];
    await a.logout(old);
    t.equal((await revokeSubject(b, "bob", client)).status, 200);
    const follower = await follow(t, a.url, client);
    await follower.current();
    t.strictSame(follower.names(), ["reset", "issued_before", "revoked", "current"]);
    t.ok(follower.revoked.has(jtiOf(old)) && follower.revoked.has("sub=bob"));
    t.strictSame(follower.received.map(({ id }) => id).slice(0, 3), ["", undefined, undefined],
      "who is cut off before the end begins anew");
    t.match(follower.lastEventId, /^log\.\d{15}-[0-9a-f]{8}$/, "a place in the log, with Redis or without");

    await b.logout(one);
    await a.logout(two);
    await a.call("POST", "/logout", { headers: bearer(everywhere), payload: { everywhere: true } });
    await revokeSubject(b, "carol", client);
    await a.call("POST", `/clients/${client.client_id}/revoke-tokens`, { headers: OPERATOR });
    const { kid } = decode(last, 0);
    await b.call("POST", `/keys/${kid as string}/revoke`, { headers: OPERATOR });
    await until("the other replica knows its successor", async () => decode(await a.mint({}, client), 0).kid !== kid);
    const expected = [jtiOf(one), jtiOf(two), "sub=alice", jtiOf(everywhere), "sub=carol",
      `client_id=${client.client_id}`, `kid=${kid as string}`];
    await follower.knows(...expected);
    const entries = follower.revocationEvents.slice(2).flatMap(({ data }) => data.map(entryOf));
    t.strictSame(entries, expected, "in the order of the answers");
    const { exp } = decode(one);
    t.strictSame(follower.revocationEvents[2]?.data, [{ jti: jtiOf(one), exp }]);
    const [cutoff] = follower.revocationEvents[6]?.data ?? [];
    t.match(cutoff, { sub: "carol", issued_before: Number, exp: Number });
    t.ok((cutoff?.exp as number) * 1000 > (cutoff?.issued_before as number));
    t.strictSame(follower.faults, []);
  });

  await t.test("its head says that nobody may keep it or hold it back", async (t) => {
    const follower = await follow(t, a.url, client);
    t.match(Object.fromEntries(follower.headers), {
      "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    await follower.disconnect();
  });

  await t.test("both replicas send the same, and who changes replica receives exactly what it missed", async (t) => {
    const stay = await Promise.all([follow(t, a.url, client), follow(t, b.url, client)]);
    const wanderer = await follow(t, a.url, client);
    await Promise.all([...stay, wanderer].map((follower) => follower.current()));
    for (const [from, to] of [[a, b], [b, a], [a, a]] as const) {
      await wanderer.disconnect();
      const before = wanderer.received.length;
      const missed = await tokens(4);
      for (const [i, token] of missed.entries()) t.equal((await (i % 2 === 0 ? from : to).logout(token)).status, 200);
      await wanderer.connect(to.url);
      await wanderer.current();
      const since = wanderer.received.slice(before);
      t.strictSame(since.map(({ name }) => name), ["revoked", "revoked", "revoked", "revoked", "current"]);
      t.strictSame(since.flatMap(({ data }) => data.map(entryOf)), missed.map(jtiOf),
        "before current, also what this replica had not read yet");
    }
    await wanderer.disconnect();
    await wanderer.connect(b.url);
    await wanderer.current();
    t.strictSame(wanderer.names().slice(-2), ["current", "current"], "nothing missed, nothing repeated");
    await until("all have received the same",
      () => new Set([...stay, wanderer].map(({ lastEventId }) => lastEventId)).size === 1);
    const [first, second] = stay.map(({ received }) =>
      received.slice(received.findIndex(({ name }) => name === "current")).filter(isRevocationEvent));
    t.equal(first?.length, 12);
    t.strictSame(first, second);
    t.strictSame([...stay, wanderer].flatMap(({ faults }) => faults), []);
    for (const follower of [...stay, wanderer]) await follower.disconnect();
  });

  await t.test("where it can't go on it begins anew", async (t) => {
    const known = await follow(t, a.url, client);
    await known.current();
    await known.disconnect();
    const [place] = known.lastEventId.split("-") as [string];
    for (const id of ["nonsense", place, `${place}-00000000`, "log.999999999999999-00000000", `${known.lastEventId}0`,
      "journal.000000000000001-00000000", "00000000-0000-4000-8000-000000000000.1764000000000-000000",
      "9".repeat(255)]) {
      const lost = await follow(t, b.url, client, id);
      await lost.current();
      t.equal(lost.names()[0], "reset", id);
      t.strictSame([...lost.revoked].sort(), [...known.revoked].sort());
      await lost.disconnect();
    }
  });

  await t.test("subscribers that come and go during a storm miss nothing, and receive nothing twice", async (t) => {
    const crowd = await Promise.all(Array.from({ length: 6 }, () => follow(t, some([a, b]).url, client)));
    for (const follower of crowd) await follower.current();
    const stormy = await tokens(300);
    const acknowledged: string[] = [];
    let storming = true;
    const wandering = Promise.all(crowd.map(async (follower) => {
      while (storming) {
        await new Promise((resolve) => { setTimeout(resolve, Math.random() * 30); });
        if (Math.random() < 0.5) await follower.disconnect();
        if (!follower.isConnected) await follower.connect(some([a, b]).url);
      }
    }));
    const newcomers: Follower[] = [];
    const arriving = Promise.all(Array.from({ length: 4 }, async () => {
      do {
        const newcomer = await follow(t, some([a, b]).url, client);
        newcomers.push(newcomer);
        await newcomer.current();
      } while (storming);
    }));
    await Promise.all(stormy.map(async (token) => {
      if ((await some([a, b]).logout(token)).status === 200) acknowledged.push(jtiOf(token));
    }));
    storming = false;
    await wandering;
    await arriving;
    t.ok(acknowledged.length > 290, `${acknowledged.length} logouts were acknowledged`);
    for (const follower of crowd) {
      await follower.disconnect();
      await follower.connect(some([a, b]).url);
      await follower.current();
      t.strictSame(acknowledged.filter((jti) => !follower.revoked.has(jti)), [], "up to date is up to date");
      t.equal(follower.count("reset"), 1, "it began anew once, at its beginning");
      t.strictSame(follower.faults, []);
      const ids = follower.revocationEvents.flatMap(({ id }) => id ?? []);
      t.equal(new Set(ids).size, ids.length);
      await follower.disconnect();
    }
    for (const newcomer of newcomers) {
      await newcomer.knows(...acknowledged);
      t.strictSame(newcomer.faults, []);
      await newcomer.disconnect();
    }
  });

  await t.test("only confidential clients may read revocations", async (t) => {
    const spa = await a.register({ token_endpoint_auth_method: "none" });
    for (const path of ["/revocations", "/revocations/stream"]) {
      for (const headers of [{}, basic({ ...client, client_secret: "wrong" }), OPERATOR, bearer(await a.mint()),
        basic({ client_id: spa.client_id, client_secret: "" }),
        basic({ client_id: spa.client_id, client_secret: "undefined" })]) {
        const answer = await a.call("GET", path, { headers });
        t.match(answer, { status: 401, body: { error: "invalid_client" } });
        t.equal(answer.headers["www-authenticate"], "Basic realm=\"authflow\"");
      }
      const query = new URLSearchParams({ ...client }).toString();
      t.not((await a.call("GET", `${path}?${query}`)).status, 200, "credentials in a query are not accepted");
    }
    t.equal((await a.call("HEAD", "/revocations")).status, 401);
  });

  await t.test("HEAD is answered at once", async (t) => {
    t.equal((await fetch(`${a.url}/revocations/stream`, { method: "HEAD", headers: basic(client) })).status, 405);
    t.equal((await fetch(`${a.url}/revocations`, { method: "HEAD", headers: basic(client) })).status, 200);
  });

});
