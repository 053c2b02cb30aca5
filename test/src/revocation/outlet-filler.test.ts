import { Redis } from "ioredis";
import t, { type Test } from "../../support/tap.js";
import { type Entry, FOREVER } from "../../../src/revocation/entry.js";
import { isSamePlace, type RevocationLog } from "../../../src/revocation/log.js";
import { LogFollower } from "../../../src/revocation/log-follower.js";
import { OutletFiller } from "../../../src/revocation/outlet-filler.js";
import { RedisRevocationOutlet } from "../../../src/stores/redis/revocation-outlet.js";
import { aCutoff, anEntry } from "../../contracts/samples.js";
import { isReady, privateRedis } from "../../support/private-redis.js";
import { logOnSqlite } from "./log-on-sqlite.js";

const LIVE = { expiresAt: Date.now() + 3_600_000 };
const some = (count: number): Entry[] =>
  Array.from({ length: count }, (_, i) => (i % 3 === 0 ? aCutoff(LIVE) : anEntry(LIVE)));
const valuesOf = (entries: Iterable<Entry>): string[] => [...entries].map(({ value }) => value).sort();

async function fixture(t: Test) {
  const server = await privateRedis(t);
  if (server === undefined) return undefined;
  const { log, other, restore } = await logOnSqlite(t);
  /** A replica's; `database` is the log as it reaches it. */
  const replica = async (database: RevocationLog = log) => {
    const redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 0 });
    redis.on("error", () => undefined);
    t.teardown(() => { redis.disconnect(); });
    await isReady(redis);
    const outlet = new RedisRevocationOutlet(redis, "installation");
    const follower = new LogFollower({ log: database, recovered: () => undefined });
    const [clock, recovered] = [{ off: 0 }, [] as number[]];
    const filler = new OutletFiller({
      outlet, log: database, follower, clock: () => Date.now() + clock.off,
      recovered: (entries) => { recovered.push(entries); },
    });
    return {
      redis, outlet, follower, filler, clock, recovered,
      /** One round of the background. */
      advance: async () => { await follower.current(); await filler.advance(); },
      shown: async () => {
        const pages = [];
        for await (const page of outlet.entries()) pages.push(...page);
        return valuesOf(pages);
      },
    };
  };
  return { server, log, other, restore, replica, ...await replica() };
}
const all = async (log: RevocationLog) => (await log.read(0, 10_000)).entries;

await t.test("an empty outlet is filled, and then follows the log", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { log, filler, outlet, follower, advance, shown } = setting;
  t.equal(await filler.condition(), "filling");
  await filler.advance();
  t.equal((await outlet.state()).place, undefined, "not before the log was read");
  const entries = some(2500);
  await log.append(entries);
  await advance();
  t.equal(await filler.condition(), "current");
  t.strictSame(await shown(), valuesOf(entries));
  for (let i = 0; i < 3; i++) {
    const next = some(3);
    entries.push(...next);
    await log.append(next);
    t.equal(await filler.condition(), "current", "it follows");
    await advance();
    const { place } = await outlet.state();
    t.ok(place && isSamePlace(place, follower.place));
    t.strictSame(await shown(), valuesOf(entries));
  }
});

await t.test("many entries are put page by page, and the place moves with each page", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { log, outlet, follower, advance, shown } = setting;
  await log.append(some(1));
  await advance();
  const put = t.capture(outlet, "advance", outlet.advance.bind(outlet));
  for (let i = 0; i < 5; i++) await log.append(some(1000));
  await advance();
  const pages = put.args();
  t.strictSame(pages.map(([entries]) => entries.length), [2000, 2000, 1000]);
  t.strictSame(pages.map(([, from, to]) => [from.position, to.position]), [[1, 2001], [2001, 4001], [4001, 5001]]);
  const { place } = await outlet.state();
  t.ok(place && isSamePlace(place, follower.place));
  t.equal((await shown()).length, 5001);
});

await t.test("an outlet that is emptied between two pages is filled again", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, log, outlet, filler, advance, shown } = setting;
  await log.append(some(1));
  await advance();
  const put = outlet.advance.bind(outlet);
  t.intercept(outlet, "advance", { value: async (...page: Parameters<typeof put>) => {
    await put(...page);
    if (page[1].position === 1) await server.flush();
  } });
  for (let i = 0; i < 3; i++) await log.append(some(1000));
  await advance();
  t.equal(await filler.condition(), "filling");
  await advance();
  t.equal(await filler.condition(), "current");
  t.equal((await shown()).length, 3001);
});

await t.test("an empty log too makes an outlet current", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  await setting.advance();
  t.equal(await setting.filler.condition(), "current");
});

await t.test("a flush is noticed, and the outlet is filled again", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, log, filler, advance, shown, recovered } = setting;
  const entries = some(20);
  await log.append(entries);
  await advance();
  await server.flush();
  t.equal(await filler.condition(), "filling");
  await advance();
  t.equal(await filler.condition(), "current");
  t.strictSame(await shown(), valuesOf(entries));
  t.strictSame(recovered, []);
});

await t.test("an outlet that went back to an old dump has the rest before it is called current", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, redis, log, filler, follower, outlet, advance, shown } = setting;
  await log.append(some(5));
  await advance();
  await server.cli("SAVE");
  const restart = async (): Promise<void> => {
    await server.kill();
    await server.start();
    await isReady(redis);
  };
  const late = some(5);
  await log.append(late);
  await advance();
  await restart(); // its place went back
  t.equal((await shown()).length, 5);
  t.equal(await filler.condition(), "current");
  t.strictSame(await shown(), valuesOf(await all(log)));
  const last = some(5);
  await server.cli("SAVE");
  await log.append(last);
  await outlet.put(last); // as a logout does, before its place moves on
  await follower.current();
  await restart(); // its place is where it was
  t.equal((await shown()).length, 10);
  t.equal(await filler.condition(), "current");
  t.strictSame(await shown(), valuesOf(await all(log)));
  await log.append(some(1500));
  await follower.current();
  t.equal(await filler.condition(), "filling", "too much to be put at once");
  await advance();
  t.equal(await filler.condition(), "current");
});

await t.test("several replicas move it on together, and a slow one does not move it back", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { log, other, outlet, replica, shown, recovered, ...first } = setting;
  const second = await replica(other);
  for (let i = 0; i < 10; i++) {
    await log.append(some(2));
    await Promise.all([first.advance(), second.advance()]);
  }
  await log.append(some(2));
  await second.advance();
  const { place } = await outlet.state();
  t.equal(place?.position, 22);
  await first.filler.advance(); // it has not read the last two entries yet
  t.strictSame((await outlet.state()).place, place);
  t.strictSame(await shown(), valuesOf(await all(log)));
  t.strictSame([...recovered, ...second.recovered], []);
});

await t.test("an outlet that is ahead of a replica is current there too", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { log, replica, advance, filler } = setting;
  const second = await replica();
  await second.advance();
  await log.append(some(2));
  await advance();
  t.equal(await second.filler.condition(), "current");
  t.equal(await filler.condition(), "current");
});

await t.test("what only the outlet still knows goes back into a log that lost it", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { log, restore, replica, advance, redis } = setting;
  const [kept, lost] = [some(5), [...some(6), anEntry({ ...LIVE, value: "no-uuid" })]];
  await log.append([...kept, ...lost]);
  await advance();
  await restore(5);
  await redis.set("revoked:by-another-service", "1", "EX", 3600);
  const fresh = some(2); // at positions that were used before
  await log.append(fresh);
  const started = await replica(); // whose memory never had them
  await started.advance();
  const total = (): number => started.recovered.reduce((sum, count) => sum + count, 0);
  t.equal(total(), 8);
  const expected = valuesOf([...kept, ...lost, ...fresh, anEntry({ value: "by-another-service" })]);
  t.strictSame(valuesOf(await all(log)), expected);
  t.strictSame(await started.shown(), expected);
  t.equal(await started.filler.condition(), "current");
  const [key] = lost.filter(({ scope }) => scope === "sub") as [Entry];
  t.match(await log.find([key]), [{ issuedBefore: key.issuedBefore, expiresAt: Number }]);
  await started.advance();
  t.equal(total(), 8, "once");
});

await t.test("a key that was revoked for ever comes back for ever", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { log, restore, replica, advance } = setting;
  const key: Entry = { scope: "kid", value: "compromised", issuedBefore: FOREVER, expiresAt: FOREVER };
  await log.append([anEntry(LIVE), key]);
  await advance();
  await restore(1);
  await (await replica()).advance();
  t.match(await log.find([key]), [key]);
});

await t.test("an outlet whose clock is wrong has no place until it is right again", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { log, filler, outlet, clock, advance, shown } = setting;
  const entries = some(5);
  await log.append(entries);
  await advance();
  for (const off of [120_000, -120_000, 7_200_000]) {
    clock.off = off; // that this replica's clock differs, and Redis's is right, looks the same from here
    t.equal(await filler.condition(), "clock differs");
    await advance();
    t.equal((await outlet.state()).place, undefined);
    t.equal(await filler.condition(), "clock differs");
    clock.off = 0;
    t.equal(await filler.condition(), "filling");
    await advance();
    t.equal(await filler.condition(), "current");
    t.strictSame(await shown(), valuesOf(entries));
  }
});

await t.test("an outlet that is away is an error, and is brought up to date when it is back", async (t) => {
  const setting = await fixture(t);
  if (setting === undefined) return;
  const { server, redis, log, filler, follower, advance, shown } = setting;
  await log.append(some(5));
  await advance();
  await server.kill();
  await log.append(some(5));
  await follower.current();
  await t.rejects(filler.condition());
  await t.rejects(filler.advance());
  await server.start();
  await isReady(redis);
  await advance();
  t.equal(await filler.condition(), "current");
  t.strictSame(await shown(), valuesOf(await all(log)));
});
