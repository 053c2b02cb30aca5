import t from "../support/tap.js";
import { onEveryDialect } from "./dialects.js";
import { aClient, aRevocation, nextId, NOW } from "./samples.js";

await onEveryDialect(t, async (t, { open }) => {
  const [database, other] = [await open(), await open()];

  await t.test("what a unit of work writes to several stores becomes visible together", async (t) => {
    const [client, revocation] = [aClient(), aRevocation()];
    const cutoff = { scope: "sub" as const, value: nextId(), issuedBefore: NOW, expiresAt: NOW + 60_000 };
    const head = await other.feed.head();
    const inserted = await database.transaction(async ({ clients, revocations, cutoffs }) => {
      const stored = await clients.insert(client);
      await cutoffs.record(cutoff, true);
      await revocations.record(revocation, true);
      t.strictSame(await cutoffs.find([cutoff]), [cutoff], "it reads its own writes");
      return stored;
    });
    t.equal(inserted.id, client.id, "it resolves to what the work resolved to");
    t.match(await other.clients.find(client.id), { name: client.name });
    t.equal(await other.revocations.has(revocation.jti), true);
    t.strictSame(await other.cutoffs.find([cutoff]), [cutoff]);
    t.strictSame((await other.feed.after(head, 10))?.map(({ name }) => name), ["issued_before", "revoked"]);
  });

  await t.test("where the work rejects nothing of it is written", async (t) => {
    const [client, revocation] = [aClient(), aRevocation()];
    const head = await other.feed.head();
    await t.rejects(database.transaction(async ({ clients, revocations }) => {
      await revocations.record(revocation, true);
      await clients.insert(client);
      throw new Error("the caller's own");
    }), { message: "the caller's own" });
    t.equal(await other.clients.find(client.id), null);
    t.equal(await other.revocations.has(revocation.jti), false);
    t.strictSame(await other.feed.after(head, 10), []);
    await database.revocations.record(revocation, true);
    t.equal(await other.revocations.has(revocation.jti), true, "the connection serves the next caller");
  });
});
