import t from "../support/tap.js";
import { onEveryDialect } from "./dialects.js";
import { aClient, aCutoff, anEntry } from "./samples.js";

await onEveryDialect(t, async (t, { open }) => {
  const [database, other] = [await open(), await open()];
  const lastPosition = async (): Promise<number> => (await other.revocations.read(0, 100)).at(-1)?.position ?? 0;

  await t.test("what a unit of work writes to several stores becomes visible together", async (t) => {
    const [client, cutoff, entry] = [aClient(), aCutoff(), anEntry()];
    const before = await lastPosition();
    const inserted = await database.transaction(async ({ clients, revocations }) => {
      const stored = await clients.insert(client);
      await revocations.append([cutoff]);
      await revocations.append([entry]);
      t.match(await revocations.find([cutoff]), [cutoff], "it reads its own writes");
      return stored;
    });
    t.equal(inserted.id, client.id, "it resolves to what the work resolved to");
    t.match(await other.clients.find(client.id), { name: client.name });
    t.match(await other.revocations.read(before + 1, 10), [cutoff, entry]);
  });

  await t.test("where the work rejects nothing of it is written", async (t) => {
    const [client, entry] = [aClient(), anEntry()];
    const before = await lastPosition();
    await t.rejects(database.transaction(async ({ clients, revocations }) => {
      await revocations.append([entry]);
      await clients.insert(client);
      throw new Error("the caller's own");
    }), { message: "the caller's own" });
    t.equal(await other.clients.find(client.id), null);
    t.strictSame(await other.revocations.find([entry]), []);
    t.strictSame(await other.revocations.read(before + 1, 10), []);
    await database.revocations.append([entry]);
    t.match(await other.revocations.find([entry]), [entry], "the connection serves the next caller");
  });
});
