import t, { type Test } from "../../support/tap.js";
import { LEASE, OutletAgreement } from "../../../src/revocation/outlet-agreement.js";
import type { ReplicaStore } from "../../../src/revocation/replica-store.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { until } from "../../e2e/support.js";
import { migratedSqlite } from "../../support/services.js";

const PROOF = 5000;
const SILENCE_LIMIT = 60_000;

/** Replicas on one database; `pass` lets real time pass for all of them. */
async function fixture(t: Test) {
  const { replicas: store, close } = await openDatabase(await migratedSqlite(t));
  t.teardown(close);
  let now = 0;
  const replica = (id: string, outlet: string | null | undefined) => {
    const state = { outlet, history: null as string | null, reads: 0, readsOfAll: 0 };
    const counting: ReplicaStore = {
      ...store,
      version: () => { state.reads++; return store.version(); },
      all: () => { state.readsOfAll++; return store.all(); },
    };
    const agreement = new OutletAgreement({
      store: counting, id, outlet: () => state.outlet, monotonic: () => now, history: () => state.history,
    });
    return {
      id, state, agreement,
      advance: (holdsLog = true) => agreement.advance(() => Promise.resolve(holdsLog)),
      /** Begins to settle. Resolves when it has read several times without an end, or has ended. */
      settling: async () => {
        const settling = { isDone: false };
        const done = agreement.settle().then(() => { settling.isDone = true; });
        const { reads } = state;
        await until("it ended or waits", () => settling.isDone || state.reads >= reads + 3);
        return { settling, done };
      },
    };
  };
  const pass = (milliseconds: number): void => { now += milliseconds; };
  const row = async (id: string) => (await store.all()).replicas.find((one) => one.id === id);
  return { store, replica, pass, row };
}
type Replica = ReturnType<Awaited<ReturnType<typeof fixture>>["replica"]>;

/** Lets replicas of one outlet agree on it. */
async function agree(pass: (milliseconds: number) => void, ...replicas: Replica[]): Promise<void> {
  for (const ms of [0, 0, PROOF]) {
    pass(ms);
    for (const { advance } of replicas) await advance();
  }
}

await t.test("an outlet is trusted once the database has shown so for the proof time, and for the lease", async (t) => {
  const { replica, pass, row } = await fixture(t);
  const { agreement, advance } = replica("a", "x");
  t.equal(agreement.isTrusted, false);
  await advance();
  t.match(await row("a"), { outlet: "x", trusts: true });
  await advance();
  pass(PROOF - 1);
  await advance();
  t.equal(agreement.isTrusted, false);
  pass(1);
  t.equal(agreement.isTrusted, false, "not before it is read again");
  await advance();
  t.equal(agreement.isTrusted, true);
  pass(LEASE - 1);
  t.equal(agreement.isTrusted, true);
  pass(1);
  t.equal(agreement.isTrusted, false, "the database was not read for too long");
  await advance();
  t.equal(agreement.isTrusted, true);
});

await t.test("an outlet that lacks entries is trusted no more, and then has to be proven again", async (t) => {
  const { replica, pass, row } = await fixture(t);
  const one = replica("a", "x");
  await one.advance(false);
  t.match(await row("a"), { trusts: false });
  await agree(pass, one);
  t.equal(one.agreement.isTrusted, true);
  await one.advance(false);
  t.equal(one.agreement.isTrusted, false);
  t.match(await row("a"), { trusts: false });
  await one.advance();
  await one.advance();
  t.equal(one.agreement.isTrusted, false);
  pass(PROOF);
  await one.advance();
  t.equal(one.agreement.isTrusted, true);
});

await t.test("an error of the outlet or of the database ends nothing before the lease does", async (t) => {
  const { replica, pass } = await fixture(t);
  const one = replica("a", "x");
  await agree(pass, one);
  await t.rejects(one.agreement.advance(() => Promise.reject(new Error("away"))), { message: "away" });
  t.equal(one.agreement.isTrusted, true);
  pass(LEASE);
  t.equal(one.agreement.isTrusted, false);
});

await t.test("no outlet is nothing to trust", async (t) => {
  const { replica, pass, row } = await fixture(t);
  const one = replica("a", null);
  await agree(pass, one);
  t.equal(one.agreement.isTrusted, false);
  t.match(await row("a"), { outlet: null, trusts: false });
});

await t.test("all replicas must write to it; with one that writes elsewhere nobody trusts", async (t) => {
  for (const other of ["y", null, undefined]) {
    const { replica, pass } = await fixture(t);
    const [a, b, c] = [replica("a", "x"), replica("b", "x"), replica("c", other)];
    await agree(pass, a, b);
    t.strictSame([a.agreement.isTrusted, b.agreement.isTrusted], [true, true], `${other}`);
    t.equal(a.agreement.differs, false);
    await c.advance();
    for (const { agreement, advance } of [a, b]) {
      await advance();
      t.strictSame([agreement.isTrusted, agreement.differs], [false, true]);
    }
    await agree(pass, a, b, c);
    t.strictSame([a, b, c].map(({ agreement }) => agreement.isTrusted), [false, false, false]);
    c.state.outlet = "x"; // REDIS_URL was corrected
    await agree(pass, c, a, b);
    t.strictSame([a, b, c].map(({ agreement }) => agreement.isTrusted), [true, true, true]);
    t.equal(a.agreement.differs, false);
  }
});

await t.test("one that writes elsewhere acknowledges nothing until the others have ended their trust", async (t) => {
  const { replica, pass } = await fixture(t);
  const [a, b] = [replica("a", "x"), replica("b", "y")];
  await agree(pass, a);
  const { settling, done } = await b.settling();
  t.equal(settling.isDone, false);
  t.equal(a.agreement.isTrusted, true);
  await a.advance(); // it sees the other one
  t.equal(a.agreement.isTrusted, false);
  await done;
  const { reads } = b.state;
  await b.agreement.settle();
  t.equal(b.state.reads, reads, "who runs was read a moment ago");
});

await t.test("it waits for one that is cut off from the database as long as that one may trust", async (t) => {
  const { replica, pass } = await fixture(t);
  const [a, b] = [replica("a", "x"), replica("b", "y")];
  await agree(pass, a);
  const { settling, done } = await b.settling();
  pass(LEASE);
  const { reads } = b.state;
  await until("it has read again", () => b.state.reads >= reads + 3);
  t.equal(settling.isDone, false);
  pass(1);
  t.equal(a.agreement.isTrusted, false);
  await done;
});

await t.test("one with the same outlet waits for nobody", async (t) => {
  const { replica, pass } = await fixture(t);
  const [a, b] = [replica("a", "x"), replica("b", "x")];
  await agree(pass, a);
  await b.agreement.settle();
  t.equal(a.agreement.isTrusted, true);
});

await t.test("a row that vanished while it trusted another outlet is no proof", async (t) => {
  const { store, replica, pass, row } = await fixture(t);
  const [a, b] = [replica("a", "x"), replica("b", "y")];
  await agree(pass, a);
  const { settling, done } = await b.settling();
  const [own, { reads }] = [await row("a"), b.state];
  await store.remove(own === undefined ? [] : [own]); // a failover lost it, and `a` is cut off
  await until("it has read again", () => b.state.reads >= reads + 3);
  t.equal(settling.isDone, false);
  t.equal(a.agreement.isTrusted, true);
  pass(LEASE);
  t.equal(a.agreement.isTrusted, false);
  const before = b.state.reads;
  await until("it has read again", () => b.state.reads >= before + 3);
  t.equal(settling.isDone, false, "no sooner than the lease");
  pass(1);
  await done;
});

await t.test("a replica whose own row vanished registers again, and proves its outlet again", async (t) => {
  const { store, replica, pass, row } = await fixture(t);
  const a = replica("a", "x");
  await agree(pass, a);
  const own = await row("a");
  await store.remove(own === undefined ? [] : [own]);
  await a.advance();
  t.equal(a.agreement.isTrusted, false);
  t.match(await row("a"), { outlet: "x", trusts: true });
  pass(PROOF);
  await a.advance();
  t.equal(a.agreement.isTrusted, true);
});

await t.test("another outlet, or one that is not known, has to be proven from the beginning", async (t) => {
  const { replica, pass, row } = await fixture(t);
  const a = replica("a", "x");
  for (const outlet of ["y", undefined, "z"]) {
    await agree(pass, a);
    t.equal(a.agreement.isTrusted, true);
    a.state.outlet = outlet; // Redis restarted, failed over, or is away
    t.equal(a.agreement.isTrusted, false, "before the database knows");
    await a.advance(false);
    t.match(await row("a"), { outlet: outlet ?? "unknown to a", trusts: false });
    await a.advance();
    t.equal(a.agreement.isTrusted, false);
  }
});

await t.test("a process that shows no sign of life is removed, and others are not", async (t) => {
  const { replica, pass, row } = await fixture(t);
  const [a, b, silent] = [replica("a", "x"), replica("b", "x"), replica("silent", "y")];
  await silent.advance();
  for (let passed = 0; passed <= SILENCE_LIMIT; passed += PROOF) {
    for (const { advance } of [a, b]) await advance();
    t.ok(await row("silent"), `after ${passed} ms`);
    t.equal(a.agreement.isTrusted, false);
    pass(PROOF);
  }
  await a.advance();
  t.equal(await row("silent"), undefined);
  t.ok(await row("b"));
  await agree(pass, a, b);
  t.strictSame([a.agreement.isTrusted, b.agreement.isTrusted], [true, true]);
  await silent.advance(); // it only was slow
  await a.advance();
  t.strictSame([a.agreement.isTrusted, a.agreement.differs], [false, true]);
});

await t.test("one that leaves trusts nothing any more, and does not disturb the others", async (t) => {
  const { replica, pass, row } = await fixture(t);
  const [a, b, without] = [replica("a", "x"), replica("b", "x"), replica("without", null)];
  await agree(pass, a, b);
  await a.agreement.leave();
  t.equal(a.agreement.isTrusted, false);
  t.match(await row("a"), { trusts: false });
  await b.advance();
  t.equal(b.agreement.isTrusted, true);
  await without.advance();
  await without.agreement.leave();
  t.equal(await row("without"), undefined, "nobody waits for one that has no outlet");
});

await t.test("one that trusted another outlet until it left is not taken for one whose row was lost", async (t) => {
  const { replica, pass, row } = await fixture(t);
  const [leaving, other] = [replica("leaving", "x"), replica("other", "y")];
  await agree(pass, leaving);
  await other.advance();
  t.equal(other.agreement.differs, true);
  await leaving.agreement.leave();
  const { settling, done } = await other.settling();
  t.equal(settling.isDone, true);
  if (!settling.isDone) pass(LEASE + 1); // so that a failure ends
  await done;
  t.equal(other.agreement.differs, false, "nobody acknowledges with the other outlet any more");
  await agree(pass, other);
  t.equal(other.agreement.isTrusted, true);
  for (let passed = 0; passed <= SILENCE_LIMIT; passed += PROOF) {
    pass(PROOF);
    await other.advance();
  }
  t.equal(await row("leaving"), undefined, "it is removed like one that fell silent");
});

await t.test("a process that ended, or whose outlet can't be reached, does not contradict", async (t) => {
  const { replica, pass } = await fixture(t);
  const [a, killed, away, none, other] = [replica("a", "x"), replica("killed", "y"), replica("away", undefined),
    replica("none", null), replica("other", "y")];
  const contradicted = async (...living: Replica[]): Promise<boolean> => {
    for (let i = 0; i < 2; i++) {
      for (const { advance } of [...living, a]) await advance();
      pass(PROOF);
    }
    return a.agreement.isContradicted;
  };
  await killed.advance();
  t.equal(await contradicted(), false, "it was killed before, and left its row");
  t.equal(await contradicted(away), false);
  t.equal(await contradicted(other), true);
  await other.agreement.leave();
  t.equal(await contradicted(), false);
  t.equal(await contradicted(none), true);
  a.state.outlet = undefined;
  t.equal(await contradicted(none), true, "there is one here, and none there");
  await none.agreement.leave();
  t.equal(await contradicted(away), false, "Redis is down for both");
});

await t.test("the others are read when one has changed, and for their beats seldom", async (t) => {
  const { store, replica, pass } = await fixture(t);
  const [a, b] = [replica("a", "x"), replica("b", "x")];
  const readsOfAll = async (...steps: (() => unknown)[]): Promise<number> => {
    const { state: { readsOfAll: before } } = a;
    for (const step of steps) {
      await step();
      await a.advance();
    }
    return a.state.readsOfAll - before;
  };
  const passing = (milliseconds: number) => () => { pass(milliseconds); };
  await agree(pass, a, b);
  await a.advance();
  t.equal(a.agreement.size, 2);
  t.equal(await readsOfAll(passing(1000), passing(1000), passing(1000)), 0);
  t.equal(await readsOfAll(passing(2000), passing(1000)), 1, "a beat");
  t.equal(await readsOfAll(passing(0), () => b.advance()), 0, "the other one's beat is no change");
  b.state.outlet = "y";
  t.equal(await readsOfAll(() => b.advance()), 1);
  t.equal(a.agreement.differs, true);
  await a.advance(); // reads again that it trusts nothing any more
  t.equal(await readsOfAll(passing(0), passing(0)), 0);

  for (let i = 2; i < 500; i++) await store.save({ id: `${i}`, outlet: "x", trusts: false, beat: 0, history: null });
  t.equal(await readsOfAll(passing(0)), 1);
  t.equal(a.agreement.size, 500);
  t.equal(await readsOfAll(passing(5000), passing(4999)), 0);
  t.equal(await readsOfAll(passing(1), passing(9999), passing(1)), 2, "every ten seconds");
});
