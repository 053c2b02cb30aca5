import t from "../support/tap.js";
import { aClient, NOW, nextId } from "./samples.js";
import { onEveryDialect } from "./dialects.js";

await onEveryDialect(t, async (t, { open }) => {
  const [database, other] = [await open(), await open()];
  const { clients } = database;
  const revision = async () => (await database.installation.load()).clientRevision;

  await t.test("a client comes back as it was given", async (t) => {
    const given = aClient();
    const client = await clients.insert(given);
    t.strictSame(client, { ...given, revision: await revision() });
    t.strictSame(await other.clients.find(given.id), client);
  });

  await t.test("many clients are found at once", async (t) => {
    const some = [await clients.insert(aClient()), await clients.insert(aClient())];
    const deleted = await clients.insert(aClient());
    await clients.delete(deleted.id, NOW);
    const unknown = Array.from({ length: 1200 }, nextId);
    const [one, two] = some.map(({ id }) => id);
    const found = await other.clients.findAll([one ?? "", ...unknown, deleted.id, "nul\0character", two ?? ""]);
    t.strictSame(found.sort((a, b) => a.revision - b.revision), some);
    t.strictSame(await clients.findAll([]), []);
  });

  await t.test("an unknown id finds nothing and changes nothing", async (t) => {
    const before = await revision();
    for (const id of [nextId(), "", "nul\0character"]) {
      t.equal(await clients.find(id), null);
      t.equal(await clients.update(id, NOW, () => t.fail("there is nothing to change") as never), null);
      t.equal(await clients.delete(id, NOW), false);
    }
    t.equal(await revision(), before);
  });

  await t.test("texts with NUL characters are refused, not cut", async (t) => {
    await t.rejects(clients.insert(aClient({ name: "a\0b" })), TypeError);
    await t.rejects(clients.insert(aClient({ redirectUris: ["https://a\0b"] })), TypeError);
    const { id } = await clients.insert(aClient());
    await t.rejects(clients.update(id, NOW, () => ({ name: "a\0b" })), TypeError);
  });

  await t.test("an id is given once, even after a delete", async (t) => {
    const client = aClient();
    await clients.insert(client);
    const before = await revision();
    await t.rejects(clients.insert(client));
    t.equal(await revision(), before);
    await clients.delete(client.id, NOW);
    await t.rejects(clients.insert(client));
    t.equal(await clients.find(client.id), null);
  });

  await t.test("an update changes what it names, and raises the revision", async (t) => {
    const client = await clients.insert(aClient());
    const updated = await clients.update(client.id, NOW + 1, (current) => {
      t.strictSame(current, client);
      return { name: "New", secrets: [] };
    });
    t.strictSame(updated, { ...client, name: "New", secrets: [], updatedAt: NOW + 1, revision: client.revision + 1 });
    t.strictSame(await other.clients.find(client.id), updated);
    t.equal(await revision(), client.revision + 1);
  });

  await t.test("a change that throws leaves nothing, its error comes through", async (t) => {
    const client = await clients.insert(aClient());
    const error = new Error("refused");
    t.equal(await clients.update(client.id, NOW, () => { throw error; }).catch((e: unknown) => e), error);
    t.strictSame(await clients.find(client.id), client);
    t.equal(await revision(), client.revision);
  });

  await t.test("the list goes on after its cursor, without the deleted", async (t) => {
    const made = [];
    for (let i = 0; i < 5; i++) made.push(await clients.insert(aClient()));
    const [first, second, third, fourth, fifth] = made.map(({ id }) => id) as [string, string, string, string, string];
    await clients.delete(third, NOW);
    const page = async (limit: number, after: string) => (await clients.list({ limit, after })).map(({ id }) => id);
    t.strictSame(await page(2, first), [second, fourth]);
    t.strictSame(await page(10, fourth), [fifth]);
    t.strictSame(await page(10, fifth), []);
    t.strictSame((await clients.list({ limit: 1000 })).slice(-2).map(({ id }) => id), [fourth, fifth]);
  });

  await t.test("changedSince returns the latest state of each, and deletions, in order", async (t) => {
    const [kept, gone] = [await clients.insert(aClient()), await clients.insert(aClient())];
    const before = await revision();
    await clients.delete(gone.id, NOW);
    await clients.update(kept.id, NOW, () => ({ name: "one" }));
    const latest = await clients.update(kept.id, NOW, () => ({ name: "two" }));
    t.equal(await clients.delete(gone.id, NOW), false);
    t.strictSame(await other.clients.changedSince(before), [
      { id: gone.id, revision: before + 1, client: null },
      { id: kept.id, revision: before + 3, client: latest },
    ]);
    t.strictSame(await clients.changedSince(before + 3), []);
  });
});
