import { randomUUID } from "node:crypto";
import t from "../../support/tap.js";
import { ClientCache } from "../../../src/clients/cache.js";
import { STALENESS_LIMIT } from "../../../src/shared/clock.js";
import { type NewClient, PERMISSIVE } from "../../../src/clients/client.js";
import type { ClientStore } from "../../../src/clients/store.js";
import { openDatabase } from "../../../src/stores/prisma/database.js";
import { migratedSqlite } from "../../support/services.js";

const url = await migratedSqlite(t);
const { clients: store, installation, close } = await openDatabase(url);
t.teardown(close);

let now = 1_700_000_000_000;
const clock = (): number => now;
const revision = async (): Promise<number> => (await installation.load()).clientRevision;
const newCache = async (over: ClientStore = store): Promise<ClientCache> =>
  new ClientCache({ store: over, clock, revision: await revision() });
const aClient = (): NewClient => ({
  id: randomUUID(), name: "a", logoUri: null, redirectUris: ["https://a.example/"], secrets: [],
  authMethod: "client_secret_basic", grantTypes: ["authorization_code"], jwks: null,
  jwksUri: null, idTokenAlg: null, isSelfRegistered: false,
  responseTypes: ["token"], permissions: ["mint"], permissionsSince: now, policy: PERMISSIVE, disabled: false,
  expiresAt: null, createdAt: now, updatedAt: now,
});
const disable = (id: string) => store.update(id, now, () => ({ disabled: true }));

await t.test("what was loaded is answered from memory while the cache is known to be current", async (t) => {
  const cache = await newCache();
  const { id } = await store.insert(aClient());
  t.equal(cache.get(id), undefined);
  t.equal((await cache.load(id))?.id, id);
  t.equal(cache.get(id)?.id, id);
  now += STALENESS_LIMIT - 1;
  t.equal(cache.get(id)?.id, id);
  now += 1;
  t.equal(cache.get(id), undefined, "not synced for a second: it says nothing");
  await cache.sync(await revision(), now);
  t.equal(cache.get(id)?.id, id);
  now -= 1;
  t.equal(cache.get(id), undefined, "nor when the clock went back");
  now += 1;
});

await t.test("what does not exist is not kept", async (t) => {
  const cache = await newCache();
  const client = aClient();
  t.equal(await cache.load(client.id), null);
  await store.insert(client);
  t.equal((await cache.load(client.id))?.id, client.id);
});

await t.test("another replica's change and deletion arrive by sync", async (t) => {
  const [one, other] = [await store.insert(aClient()), await store.insert(aClient())];
  const cache = await newCache();
  await cache.load(one.id);
  await cache.load(other.id);
  await disable(one.id);
  await store.delete(other.id, now);
  t.equal(cache.get(one.id)?.disabled, false);
  await cache.sync(await revision(), now);
  t.equal(cache.get(one.id)?.disabled, true);
  t.equal(cache.get(other.id), undefined);
});

await t.test("a read that began before a change does not bring the old state back", async (t) => {
  const { id } = await store.insert(aClient());
  let release = (): void => undefined;
  const found = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reading = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    reading = resolve;
  });
  const cache = await newCache({ ...store, find: async (wanted) => {
    const client = await store.find(wanted);
    reading();
    await found;
    return client;
  } });
  const load = cache.load(id);
  await begun;
  await disable(id);
  await cache.sync(await revision(), now);
  release();
  t.equal((await load)?.disabled, false, "the read itself was older");
  t.not(cache.get(id)?.disabled, false, "but it is not kept");
});

await t.test("changes that arrive in the wrong order leave the newest", async (t) => {
  const old = await store.insert(aClient());
  const changed = await disable(old.id);
  const cache = await newCache();
  cache.put(old.id, changed);
  cache.put(old.id, old);
  t.equal(cache.get(old.id)?.disabled, true);
});

await t.test("an answer that is late does not bring back a client that changed again", async (t) => {
  const cache = await newCache();
  const { id } = await store.insert(aClient());
  const late = await store.update(id, now, () => ({ name: "late" })); // committed; this replica waits for the answer
  await disable(id); // by another replica
  await cache.sync(await revision(), now);
  cache.put(id, late);
  t.not(cache.get(id)?.disabled, false);
  t.equal((await cache.load(id))?.disabled, true);
  cache.put(id, late);
  t.equal(cache.get(id)?.disabled, true);
});

await t.test("a database restored from a backup empties it", async (t) => {
  const { id } = await store.insert(aClient());
  const cache = await newCache();
  await cache.load(id);
  await cache.sync(await revision() - 1, now);
  t.equal(cache.get(id), undefined);
});
