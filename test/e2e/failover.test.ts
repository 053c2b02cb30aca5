import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import t, { type Test } from "../support/tap.js";
import { OPERATOR, testApp } from "../support/app.js";
import { privatePostgres } from "../support/private-postgres.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { until } from "./support.js";

/** An address that leads to the port `target`, and can lead to another. */
async function address(t: Test, target: number) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const onward = connect(target, "127.0.0.1");
    sockets.push(socket, onward);
    socket.on("error", () => onward.destroy()).pipe(onward.on("error", () => socket.destroy())).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const breakAll = (): void => { for (const socket of sockets.splice(0)) socket.destroy(); };
  t.teardown(() => { breakAll(); server.close(); });
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (port: number) => { target = port; breakAll(); },
  };
}

await t.test("after a failover that lost commits, an equal revision is not an equal state", async (t) => {
  const primary = await privatePostgres(t);
  if (primary === undefined) return;
  const front = await address(t, primary.port);
  const url = new URL(primary.url);
  url.port = String(front.port);
  const app = await testApp(t, { DATABASE_URL: url.href });
  const { clientCache, keys } = app.fastify;
  const [lost, kept] = [await app.register(), await app.register()];
  await app.mint({}, lost);
  await app.mint({}, kept);

  // The primary commits a change of one client and of the keys, which this replica knows, and which are lost.
  const copy = await primary.standby(primary.port);
  await copy.sql("SELECT pg_promote()"); // waits until it has happened
  const change = (id: string, payload: object) => app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload });
  t.equal((await change(lost.client_id, { name: "lost" })).status, 200);
  t.equal((await app.call("POST", "/keys/rotate", { headers: OPERATOR })).status, 200);
  t.equal(keys.keys.length, 2);

  // The new primary commits another change of each, which raises both revisions to the same numbers.
  const other = await openDatabase(copy.url);
  t.teardown(() => other.close());
  await other.clients.update(kept.client_id, Date.now(), () => ({ disabled: true }));
  const ring = await other.keys.load();
  t.equal(await other.keys.save(ring.revision, ring.keys), true);
  t.equal((await other.installation.load()).ringRevision, keys.revision);
  t.not(clientCache.get(kept.client_id)?.disabled, true, "the replica does not know yet");

  front.leadTo(copy.port);
  const payload = { ...kept, sub: "alice" };
  await until("the disabled client mints nothing",
    async () => (await app.call("POST", "/mint", { payload })).status === 401);
  await until("the lost key is gone from the JWKS", () => keys.keys.length === 1);
  const shown = await app.call("GET", `/clients/${lost.client_id}`, { headers: OPERATOR });
  t.not(shown.body.name, "lost");
  t.equal((await app.call("POST", "/mint", { payload: { ...lost, sub: "alice" } })).status, 200);
});
