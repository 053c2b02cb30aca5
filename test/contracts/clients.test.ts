import t from "../support/tap.js";
import type { Client, Permission } from "../../src/clients/client.js";
import { migrate } from "../../src/stores/prisma/migrate.js";
import { aClient, NOW, nextId } from "./samples.js";
import { onEveryDialect, run } from "./dialects.js";

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
    const unknown = Array.from({ length: 40_000 }, nextId); // more than any driver takes in one statement
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

  await t.test("a change of the permissions is noted with its time, any other is not", async (t) => {
    const { id, permissions, permissionsSince } = await clients.insert(aClient());
    t.match(await clients.update(id, NOW + 5, () => ({ name: "New" })), { permissions, permissionsSince });
    t.match(await clients.update(id, NOW + 6, () => ({ permissions: [...permissions] })), { permissionsSince });
    t.match(await clients.update(id, NOW + 7, () => ({ permissions: ["feed"] })),
      { permissions: ["feed"], permissionsSince: NOW + 7 });
    t.match(await other.clients.find(id), { permissions: ["feed"], permissionsSince: NOW + 7 });
  });

  await t.test("what was not used is known, of clients that have it and are enabled", async (t) => {
    const { permissionUses: uses } = database;
    const kinds = { permissions: ["mint", "introspect:any", "feed"] as Permission[], permissionsSince: NOW + 9 };
    const [one, two, disabled, gone, narrow] = [
      await clients.insert(aClient(kinds)), await clients.insert(aClient({ ...kinds, name: "two" })),
      await clients.insert(aClient({ ...kinds, disabled: true })), await clients.insert(aClient(kinds)),
      await clients.insert(aClient({ permissions: ["login", "introspect:own"] })),
    ];
    const known = new Set([one, two, disabled, gone, narrow].map(({ id }) => id));
    const unused = async (before: number) => (await uses.unused(["mint", "feed", "introspect:any"], before))
      .filter(({ clientId }) => known.has(clientId))
      .map(({ clientId, permission, since }) => `${clientId === one.id ? "one" : "two"} ${permission} ${since - NOW}`);
    const use = (client: Client, permission: Permission, at: number) =>
      uses.record([{ clientId: client.id, permission, usedAt: NOW + at }]);
    await use(gone, "feed", 0);
    await clients.delete(gone.id, NOW);
    await use(one, "mint", 100);
    await use(one, "feed", 100);
    await use(one, "feed", 200);
    await use(two, "introspect:own", 100);
    t.strictSame(await unused(NOW + 9), [], "what was just given had no time to be used");
    await use(two, "mint", 3); // it was taken away and given again after that
    t.strictSame((await unused(NOW + 100)).sort(),
      ["one introspect:any 9", "two feed 9", "two introspect:any 9", "two mint 9"]);
    t.strictSame((await unused(NOW + 101)).filter((text) => text.startsWith("one")).sort(),
      ["one introspect:any 9", "one mint 100"], "a use of long ago counts no more");
    t.match((await uses.unused(["feed"], NOW + 100)).find(({ clientId }) => clientId === two.id),
      { name: "two", permissions: kinds.permissions });
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

await onEveryDialect(t, async (t, { url, open }) => {
  const { clients } = await open();
  const kept = { redirectUris: ["https://a.example/"], permissions: ["feed"] as Permission[] };
  const [confidential, open_] = [await clients.insert(aClient(kept)),
    await clients.insert(aClient({ ...kept, authMethod: "none", secrets: [] }))];
  const found = async ({ id }: Client) => {
    const { permissions, permissionsSince, ...rest } = await clients.find(id) as Client;
    return { permissions, isRecent: Math.abs(Date.now() - permissionsSince) < 3_600_000, rest };
  };

  await t.test("clients of the version before permissions keep what they could do", async (t) => {
    await run(url, "DROP TABLE permission_uses");
    await run(url, "ALTER TABLE clients DROP COLUMN permissions");
    await run(url, "ALTER TABLE clients DROP COLUMN permissions_since");
    await run(url, "UPDATE clients SET token_endpoint_auth_method = NULL, response_types = NULL " +
      `WHERE id = '${confidential.id}'`);
    await run(url, "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_permissions'");
    t.equal((await migrate(url)).length, 1);
    t.match(await found(confidential),
      { permissions: ["mint", "login", "introspect:any", "feed", "revoke:any"], isRecent: true });
    t.match(await found(open_), { permissions: ["login"], isRecent: true, rest: { authMethod: "none" } });
  });

  await t.test("a client that such a version registers during an upgrade gets those of a new client", async (t) => {
    await run(url, "UPDATE clients SET permissions = NULL, permissions_since = NULL");
    t.strictSame((await found(confidential)).permissions, ["mint", "login", "introspect:own", "revoke:own"]);
    t.strictSame((await found(open_)).permissions, ["login"]);
    t.equal((await clients.find(confidential.id))?.permissionsSince, NOW);
  });
});
