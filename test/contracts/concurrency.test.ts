import { setImmediate as nextTurn } from "node:timers/promises";
import t from "../support/tap.js";
import type { Database } from "../../src/stores/prisma/database.js";
import { onEveryDialect, startJob } from "./dialects.js";
import { aClient, anEntry, NOW } from "./samples.js";

const countUp = ({ clients }: Database, id: string) => clients.update(id, NOW, ({ policy }) =>
  ({ policy: { ...policy, max_ttl: (policy.max_ttl ?? 0) + 1 } }));

await onEveryDialect(t, async (t, { url, open }) => {
  const [one, two] = [await open(), await open()];

  await t.test("50 updates of one client at once, from two instances, lose nothing", async (t) => {
    const { id, policy } = await one.clients.insert(aClient());
    const updated = await Promise.all(Array.from({ length: 50 }, (_, i) => countUp(i % 2 === 0 ? one : two, id)));
    t.equal((await one.clients.find(id))?.policy.max_ttl, (policy.max_ttl ?? 0) + 50);
    t.equal(new Set(updated.map((client) => client?.revision)).size, 50);
  });

  await t.test("nor do updates from two processes", async (t) => {
    const { id, policy } = await one.clients.insert(aClient());
    const jobs = await Promise.all([1, 2].map(() => startJob("count", url, id, "50").ended));
    t.strictSame(jobs.map(({ code }) => code), [0, 0]);
    t.equal((await one.clients.find(id))?.policy.max_ttl, (policy.max_ttl ?? 0) + 100);
  });

  await t.test("changedSince, asked while others write, skips no revision", async (t) => {
    const start = (await one.installation.load()).clientRevision;
    const reader = await open();
    const seen: number[] = [];
    const read = async () => {
      const changed = await reader.clients.changedSince(seen.at(-1) ?? start);
      seen.push(...changed.map(({ revision }) => revision));
    };
    let writing = true;
    const writers = Promise.all(Array.from({ length: 16 }, async (_, i) => {
      for (let n = 0; n < 15; n++) await (i % 2 === 0 ? one : two).clients.insert(aClient());
    })).finally(() => { writing = false; });
    while (writing) {
      await read();
      await nextTurn(); // SQLite answers without I/O: unyielding, this loop would let nobody else in
    }
    await writers;
    await read();
    t.strictSame(seen, Array.from({ length: 240 }, (_, i) => start + i + 1));
  });

  await t.test("who writes during another's transaction is not rolled back with it", async (t) => {
    const client = await one.clients.insert(aClient());
    const entries = [anEntry(), anEntry()] as const;
    const newcomer = aClient();
    const meanwhile: Promise<unknown>[] = [];
    const failing = one.clients.update(client.id, NOW, () => {
      meanwhile.push(
        one.revocations.append([entries[0]]), two.revocations.append([entries[1]]),
        one.clients.insert(newcomer),
      );
      throw new Error("refused");
    });
    await t.rejects(failing, { message: "refused" });
    await Promise.all(meanwhile);
    for (const entry of entries) t.match(await two.revocations.find([entry]), [entry]);
    t.not(await two.clients.find(newcomer.id), null);
    t.strictSame(await two.clients.find(client.id), client);
  });

  await t.test("kill -9 loses nothing that was acknowledged", async (t) => {
    const { child, ended, printed } = startJob("insert", url);
    await printed(400);
    child.kill("SIGKILL");
    const { lines } = await ended;
    const survivor = await open();
    const lost: string[] = [];
    for (const line of lines) {
      const [kind, id = ""] = line.split(" ");
      const found = kind === "client" ? [await survivor.clients.find(id)].filter((client) => client !== null)
        : await survivor.revocations.find([{ scope: "jti", value: id }]);
      if (found.length === 0) lost.push(line);
    }
    t.strictSame(lost, []);
    t.not((await survivor.clients.insert(aClient())).revision, 0, "and locks nobody out");
  });
});
