import t from "../../support/tap.js";
import { MAX_CLOCK_ERROR } from "../../../src/shared/clock.js";
import { basic, manualClock, onEveryBackend } from "../../support/app.js";
import { entryOf, follow, jtiOf, listening } from "../../support/feed.js";

const ID = "log.000000000000001-00000000";
const some = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

await onEveryBackend(t, async (t, env) => {
  const [a, b] = [await listening(t, env), await listening(t, env)];
  const client = await a.register();
  const tokens = (count: number) => Promise.all(Array.from({ length: count }, () => a.mint({}, client)));

  const subjects = ["bob", "carol", "dave"];
  for (const sub of subjects) await a.call("POST", "/revocations", { headers: basic(client), payload: { sub } });

  await t.test("all pages of the snapshot and the stream from its place are everything", async (t) => {
    for (const limit of [1, 2, 1000]) {
      const early = await tokens(4);
      for (const token of early) await a.logout(token);
      const late = await tokens(30);
      const seen = new Set<string>();
      const places = new Set<string>();
      const ended: string[] = [];
      let cursor: string | null = "";
      for (let page = 0; cursor !== null; page++) {
        const replica = page % 2 === 0 ? a : b;
        const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
        const { status, body } =
          await replica.call("GET", `/revocations?limit=${limit}${query}`, { headers: basic(client) });
        t.equal(status, 200);
        const found = [...body.revoked as object[], ...body.issued_before as object[]] as Record<string, unknown>[];
        t.ok(found.length <= limit);
        for (const entry of found) seen.add(entryOf(entry));
        places.add(body.last_event_id as string);
        cursor = body.next_cursor as string | null;
        const token = late.pop();
        if (token !== undefined && (await some([a, b]).logout(token)).status === 200) ended.push(token);
      }
      t.equal(places.size, 1, "every page gives the same place");
      t.ok(ended.length > (limit === 1000 ? 0 : 1), "some were revoked between the pages");
      const follower = await follow(t, b.url, client, [...places][0]);
      await follower.current();
      t.equal(follower.count("reset"), 0);
      const all = new Set([...seen, ...follower.revoked]);
      const expected = [...subjects.map((sub) => `sub=${sub}`), ...[...early, ...ended].map(jtiOf)];
      t.strictSame(expected.filter((entry) => !all.has(entry)), []);
    }
  });

  await t.test("what is wrong with a question is said of its part", async (t) => {
    const ask = (query: string) => a.call("GET", `/revocations?${query}`, { headers: basic(client) });
    const cursor = (value: unknown) => `cursor=${Buffer.from(JSON.stringify(value)).toString("base64url")}`;
    for (const query of ["limit=0", "limit=-1", "limit=10001", "limit=1.5", "limit=x", "limit=", "limit=1&limit=2"])
      t.match(await ask(query),
        { status: 400, body: { error: "invalid_request", error_description: /^limit / } }, query);
    for (const query of ["cursor=", "cursor=x", "cursor=e30", `cursor=${"A".repeat(2049)}`, "cursor=a&cursor=b",
      cursor(null), cursor([]),
      cursor({ after: 1 }), cursor({ lastEventId: ID }), cursor({ lastEventId: "x", after: 1 }),
      ...[1, null, ""].map((lastEventId) => cursor({ lastEventId, after: 1 })),
      cursor({ lastEventId: "journal.000000000000001", after: 1 }), cursor({ lastEventId: ID, place: { token: "" } }),
      ...[-1, 0.5, 2 ** 53, "1", null, {}, [1], { gt: 0 }].map((after) => cursor({ lastEventId: ID, after }))]) {
      t.match(await ask(query),
        { status: 400, body: { error: "invalid_request", error_description: /^cursor / } }, query);
    }
    t.match(await ask("page=2"), { status: 400, body: { error_description: /page/ } });
    const tooLong = { ...basic(client), "last-event-id": "9".repeat(256) };
    t.match(await a.call("GET", "/revocations/stream", { headers: tooLong }),
      { status: 400, body: { error: "invalid_request", error_description: /^last-event-id / } });
  });
});

await t.test("what has expired is not sent any more", async (t) => {
  const { clock, advance } = manualClock();
  const app = await listening(t, {}, { clock });
  const client = await app.register();
  const [short, long] = [await app.mint({ expires_in: 60 }, client), await app.mint({ expires_in: 3600 }, client)];
  for (const token of [short, long]) await app.logout(token);
  advance(61);
  const follower = await follow(t, app.url, client);
  await follower.current();
  t.strictSame([...follower.revoked].sort(), [jtiOf(short), jtiOf(long)].sort(), "by a slower clock it may still live");
  await follower.disconnect();
  advance(MAX_CLOCK_ERROR / 1000);
  const later = await follow(t, app.url, client);
  await later.current();
  t.strictSame([...later.revoked], [jtiOf(long)]);
  const { body } = await app.call("GET", "/revocations", { headers: basic(client) });
  t.match(body, { revoked: [{ jti: jtiOf(long) }], next_cursor: null });
});
