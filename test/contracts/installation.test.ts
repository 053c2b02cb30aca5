import t from "../support/tap.js";
import { onEveryDialect } from "./dialects.js";
import { aClient, aKey } from "./samples.js";

await onEveryDialect(t, async (t, { open, url }) => {
  const instances = [await open(), await open()] as const;
  const load = () => Promise.all([...instances, ...instances, ...instances].map(async (one) => {
    const before = Date.now();
    const { now, ...shared } = await one.installation.load();
    // The server's clock, where there is a server: here it is this machine's, or little apart from it.
    const isClock = now !== null && now > before - 5000 && now < Date.now() + 5000;
    t.ok(url.startsWith("file:") ? now === null : isClock, "its clock");
    return shared;
  }));

  await t.test("whoever asks first names it, all get the same", async (t) => {
    const [first, ...others] = await load();
    t.match(first, { id: /^[0-9a-f-]{36}$/, clientRevision: 0, ringRevision: 0 });
    for (const other of others) t.strictSame(other, first);
  });

  await t.test("its counters grow with changes", async (t) => {
    const [before] = await load();
    await instances[0].clients.insert(aClient());
    await instances[0].keys.save(0, [aKey()]);
    for (const after of await load()) t.strictSame(after, { ...before, clientRevision: 1, ringRevision: 1 });
  });
});

await onEveryDialect(t, async (t, { open }) => {
  await t.test("a new database can be written to before anybody loads the row", async (t) => {
    const [one, two] = [await open(), await open()];
    const made = await Promise.all([one, two, one].map(({ clients }) => clients.insert(aClient())));
    t.strictSame(made.map(({ revision }) => revision).sort(), [1, 2, 3]);
    t.equal((await one.installation.load()).clientRevision, 3);
  });
});
