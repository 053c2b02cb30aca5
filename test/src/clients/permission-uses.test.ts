import t from "../../support/tap.js";
import { type PermissionUse, PermissionUses } from "../../../src/clients/permission-uses.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { aClient } from "../../contracts/samples.js";
import { run } from "../../contracts/dialects.js";
import { manualClock } from "../../support/app.js";
import { migratedSqlite } from "../../support/services.js";

const DAY = 86_400;

async function fixture(t: Parameters<typeof migratedSqlite>[0]) {
  const url = await migratedSqlite(t);
  const { permissionUses: store, clients, close } = await openDatabase(url);
  t.teardown(close);
  const { clock, advance } = manualClock();
  const written: PermissionUse[] = [];
  const uses = new PermissionUses({
    clock, store: { ...store, record: async (given) => { await store.record(given); written.push(...given); } },
  });
  const { id } = await clients.insert(aClient({ permissions: ["mint", "feed"] }));
  const unused = async () => (await store.unused(["mint", "feed"], clock())).map(({ permission }) => permission);
  return { url, uses, written, advance, clock, id, unused };
}

await t.test("a use is stored by the next flush, and once a day", async (t) => {
  const { uses, written, advance, clock, id, unused } = await fixture(t);
  t.strictSame((await unused()).sort(), ["feed", "mint"]);
  const at = clock();
  for (let i = 0; i < 3; i++) {
    uses.note(id, "mint");
    t.equal(written.length, i === 0 ? 0 : 1, "noting writes nothing");
    await uses.flush();
    advance(1);
  }
  t.strictSame(written, [{ clientId: id, permission: "mint", usedAt: at }]);
  uses.note(id, "feed");
  uses.note("another", "feed");
  await uses.flush();
  t.equal(written.length, 3, "each permission of each client");
  advance(DAY);
  await uses.flush();
  uses.note(id, "mint");
  await uses.flush();
  t.strictSame(written.at(-1), { clientId: id, permission: "mint", usedAt: clock() });
  t.equal(written.length, 4);
});

await t.test("what could not be stored is stored later", async (t) => {
  const { url, uses, written, id, unused } = await fixture(t);
  uses.note(id, "mint");
  await run(url, "ALTER TABLE permission_uses RENAME TO away");
  await t.rejects(uses.flush());
  uses.note(id, "feed");
  await t.rejects(uses.flush());
  await run(url, "ALTER TABLE away RENAME TO permission_uses");
  await uses.flush();
  t.strictSame(written.map(({ permission }) => permission), ["mint", "feed"]);
  t.strictSame(await unused(), []);
});
