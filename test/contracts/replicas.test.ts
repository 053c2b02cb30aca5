import t from "../support/tap.js";
import type { Replica } from "../../src/revocation/replica-store.js";
import { onEveryDialect } from "./dialects.js";

const aReplica = (id: string): Replica => ({ id, outlet: "x", trusts: true, beat: 1, history: "1" });

await onEveryDialect(t, async (t, { open }) => {
  const [{ replicas: one }, { replicas: two }] = [await open(), await open()];
  /** Whether `work` gave the replicas another version. */
  const changes = async (work: () => Promise<unknown>): Promise<boolean> => {
    const before = await two.version();
    await work();
    const after = await two.version();
    t.equal(await one.version(), after);
    return after !== before;
  };
  const sorted = async (): Promise<Replica[]> => (await two.all()).replicas.sort((a, b) => (a.id < b.id ? -1 : 1));

  await t.test("what others must read again changes the version, a beat does not", async (t) => {
    const [a, b] = [aReplica("a"), aReplica("b")];
    t.equal(await changes(() => one.save(a)), true);
    t.equal(await changes(() => one.save(b)), true);
    t.strictSame(await sorted(), [a, b]);
    t.equal(await changes(() => one.beat({ id: "a", beat: 2 })), false);
    t.strictSame(await sorted(), [{ ...a, beat: 2 }, b]);
    t.equal(await changes(() => one.save({ ...b, outlet: null, trusts: false })), true);
    t.strictSame(await sorted(), [{ ...a, beat: 2 }, { ...b, outlet: null, trusts: false }]);
    t.equal(await changes(() => one.remove([a, { id: "unknown", beat: 1 }])), false, "it has shown another beat since");
    t.equal(await changes(() => one.remove([{ id: "a", beat: 2 }, b])), true);
    t.strictSame(await sorted(), []);
    t.equal(await changes(() => one.beat(a)), false);
    t.strictSame(await sorted(), [], "a beat brings nothing back");
  });

  await t.test("many at once, at two replicas, leave one row each", async (t) => {
    const ids = Array.from({ length: 40 }, (_, i) => `${i + 10}`);
    await Promise.all(ids.map((id, i) => (i % 2 ? one : two).save(aReplica(id))));
    await Promise.all(ids.flatMap((id, i) => {
      const store = i % 2 ? two : one;
      return [store.beat({ id, beat: 2 }), store.save({ ...aReplica(id), beat: 2 }), one.remove([{ id, beat: 7 }])];
    }));
    t.strictSame(await sorted(), ids.map((id) => ({ ...aReplica(id), beat: 2 })));
    await Promise.all([one, two].map((store) => store.remove(ids.map((id) => ({ id, beat: 2 })))));
    t.strictSame(await sorted(), []);
  });
});
