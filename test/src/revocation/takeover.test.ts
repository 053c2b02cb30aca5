import t, { type Test } from "../../support/tap.js";
import { LogFollower } from "../../../src/revocation/log-follower.js";
import type { RevocationLog } from "../../../src/revocation/log.js";
import { OutletAgreement } from "../../../src/revocation/outlet-agreement.js";
import { RevocationState } from "../../../src/revocation/revocation-state.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { aCutoff, NOW } from "../../contracts/samples.js";
import { someClaims } from "../../support/app.js";
import { migratedSqlite } from "../../support/services.js";

const [GRACE, STEP, LIMIT] = [500, 1000, 5000];

/** Three replicas on one database, of which the test says which server they reach. */
async function fixture(t: Test) {
  const { replicas: store, revocations, close } = await openDatabase(await migratedSqlite(t));
  t.teardown(close);
  let now = 0;
  const replica = (id: string) => {
    const server = { history: "1", end: Infinity };
    const log: RevocationLog = {
      ...revocations,
      read: async (from, limit) => {
        if (from > server.end) throw new Error("It reads later");
        return { ...await revocations.read(from, limit), history: server.history };
      },
    };
    const follower = new LogFollower({ log, recovered: () => undefined });
    const agreement = new OutletAgreement({
      store: {
        ...store,
        version: async () => `${await store.version()} ${server.history}`,
        all: async () => ({ ...await store.all(), history: server.history }),
      },
      id, outlet: () => null, monotonic: () => now, history: () => follower.history,
    });
    const state = new RevocationState({ log, follower, agreement });
    return {
      id,
      leads: (history: string) => { server.history = history; },
      /** Up to which position it reads the log. */
      readsTo: (position: number) => { server.end = position; },
      read: () => follower.current(),
      agree: () => agreement.advance(() => Promise.resolve(false)),
      step: async () => {
        await follower.current();
        await agreement.advance(() => Promise.resolve(false));
      },
      leave: () => agreement.leave(),
      /** What a live check of a token says. */
      says: (claims = someClaims()) =>
        state.isRevoked({ kid: "k", claims: claims as never }).catch(({ status }: { status: number }) => status),
      /** What decides whether a logout is repeated. */
      isInLog: () => state.isInLog({ kid: "k", claims: someClaims() as never }),
    };
  };
  const all = [replica("a"), replica("b"), replica("c")] as const;
  const pass = (milliseconds: number): void => { now += milliseconds; };
  for (const one of [...all, ...all]) await one.step();
  pass(GRACE);
  for (const one of all) await one.step();
  const lead = (history: string): void => { for (const { leads } of all) leads(history); };
  return { all, replica, store, pass, lead, revocations };
}

await t.test("after a takeover a replica knows nothing until every other one has read the log", async (t) => {
  const { all: [a, b, c], lead, pass, revocations } = await fixture(t);
  t.equal(await a.says(), false);
  const revoked = someClaims();
  await revocations.append([aCutoff({ value: revoked.sub as string, scope: "sub", issuedBefore: NOW + 1e12 })]);
  lead("2");
  t.equal(await a.says(someClaims({ sub: "bob" })), 503);
  t.equal(await a.says(revoked), true, "what it knows stays true");
  t.equal(await a.isInLog(), true);
  await b.step();
  pass(GRACE);
  t.equal(await a.says(someClaims({ sub: "bob" })), 503, "c may still append");
  await c.step();
  t.equal(await a.says(someClaims({ sub: "bob" })), false, "at once");
  t.equal(await b.says(someClaims({ sub: "bob" })), false);
});

await t.test("a check waits for the others, and then reads the log again", async (t) => {
  const { all: [a, b, c], lead, pass, revocations } = await fixture(t);
  lead("2");
  await a.step();
  pass(GRACE);
  const says = a.says();
  await Promise.all([b.step(), new Promise((resolve) => { setTimeout(resolve, 150); })]);
  await revocations.append([aCutoff({ value: "alice", scope: "sub", issuedBefore: NOW + 1e12 })]); // as c gives it back
  await c.step();
  t.equal(await says, true);
});

await t.test("one that says nothing is waited for at most five seconds", async (t) => {
  const { all: [a, b], lead, pass } = await fixture(t);
  lead("2");
  for (const one of [a, b, a]) await one.step();
  pass(3_600_000); // the machine stood still, and the others too
  await a.step();
  t.equal(await a.says(), 503);
  for (let i = 1; i < LIMIT / STEP - 1; i++) {
    pass(STEP);
    await a.step();
  }
  pass(STEP - 1);
  await a.step();
  t.equal(await a.says(), 503);
  pass(1);
  await a.step();
  t.equal(await a.says(), false);
  lead("3");
  await a.step();
  t.equal(await a.says(), 503, "at the next takeover again");
});

await t.test("one whose row was lost is waited for, one that has left is not", async (t) => {
  const { all: [a, b, c], lead, pass, store } = await fixture(t);
  await c.leave();
  await a.step();
  await store.remove((await store.all()).replicas.filter(({ id }) => id === "b"));
  lead("2");
  await a.step();
  pass(GRACE);
  t.equal(await a.says(), 503);
  await b.step();
  await a.step();
  t.equal(await a.says(), false);
});

await t.test("one whose row was lost before another one saw it has half a second", async (t) => {
  const { all: [a, b, c], replica, pass, store } = await fixture(t);
  await Promise.all([b.leave(), c.leave()]);
  await a.step();
  const late = replica("late");
  await late.step();
  await store.remove((await store.all()).replicas.filter(({ id }) => id === "late"));
  for (const one of [a, late]) one.leads("2");
  await a.step();
  pass(GRACE - 1);
  t.equal(await a.says(), 503);
  await late.step();
  pass(1);
  t.equal(await a.says(), false);
});

await t.test("one that starts gives others this time too, unless it is alone", async (t) => {
  const { all: [a, b, c], replica, pass } = await fixture(t);
  const started = replica("started");
  await started.step();
  pass(GRACE - 1);
  t.equal(await started.says(), 503);
  pass(1);
  t.equal(await started.says(), false);
  await Promise.all([a, b, c, started].map((one) => one.leave()));
  const alone = replica("alone"); // those that left are still in the table
  await alone.step();
  t.equal(await alone.says(), false);
});

await t.test("who runs is not read from a database that has gone back already", async (t) => {
  const { all: [a, b, c], lead, pass, store } = await fixture(t);
  await store.remove((await store.all()).replicas.filter(({ id }) => id === "b"));
  lead("2");
  await a.agree();
  for (const one of [c, a]) await one.step();
  pass(GRACE);
  t.equal(await a.says(), 503, "b may still append");
  for (const one of [b, a]) await one.step();
  t.equal(await a.says(), false);
});

await t.test("a replica that still reads the log for the first time waits for the others too", async (t) => {
  const { all, replica, lead, pass, revocations } = await fixture(t);
  await revocations.append(Array.from({ length: 5000 }, () => aCutoff()));
  const starting = replica("d");
  const readPage = async (end: number): Promise<void> => {
    starting.readsTo(end);
    await t.rejects(starting.read(), /later/);
    await starting.agree();
  };
  await readPage(0);
  pass(GRACE);
  t.equal(await starting.says(), false, "it asks the database");
  for (const one of all) await one.step();
  lead("2");
  starting.leads("2");
  t.equal(await starting.says(), 503);
  await readPage(2000);
  t.equal(await starting.says(), 503, "they may still append");
  for (const one of all) await one.step();
  pass(GRACE);
  for (const one of [starting, ...all]) t.equal(await one.says(), false, "nobody waits until it has read all");
});

await t.test("one that starts waits for those that it has seen before their rows were lost", async (t) => {
  for (const hasRead of [true, false]) {
    const { all, replica, lead, pass, store } = await fixture(t);
    const started = replica("started");
    if (hasRead) await started.step();
    else await started.agree();
    await store.remove((await store.all()).replicas);
    lead("2");
    started.leads("2");
    for (let i = 0; i < 2; i++) {
      await started.step();
      pass(GRACE);
      t.equal(await started.says(), 503, hasRead ? "it has read the log" : "it has not");
    }
    for (const one of all) await one.step();
    t.equal(await started.says(), false);
  }
});

await t.test("replicas of the version before, which say nothing of it, are not waited for", async (t) => {
  const { all: [a, b, c], lead, pass, store } = await fixture(t);
  await Promise.all([b.leave(), c.leave()]);
  await store.save({ id: "old", outlet: null, trusts: false, beat: 1, history: null });
  await a.step();
  lead("2");
  await a.step();
  pass(GRACE);
  t.equal(await a.says(), false);
});

await t.test("a standby is never believed", async (t) => {
  const { all: [a, b, c], lead, pass } = await fixture(t);
  lead("standby");
  for (let i = 0; i < 3; i++) {
    for (const one of [a, b, c]) await one.step();
    t.equal(await a.says(), 503);
    pass(LIMIT);
  }
  lead("1");
  await a.step();
  t.equal(await a.says(), false);
});
