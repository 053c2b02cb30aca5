import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import pg from "pg";
import t from "../support/tap.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { migratedPostgres } from "../support/services.js";
import { aClient } from "./samples.js";

t.jobs = 2; // both wait for a timeout

t.test("a PostgreSQL that accepts and never answers gives an error, not a hang", async (t) => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => { accepted.push(socket); }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const database = await openDatabase(`postgres://user@127.0.0.1:${(server.address() as AddressInfo).port}/silent`);
  t.teardown(async () => {
    await database.close();
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  await Promise.all([t.rejects(database.ping()), t.rejects(database.revocations.has("a-jti"))]);
});

t.test("PostgreSQL", async (t) => {
  const url = await migratedPostgres(t);
  if (url === undefined) return;
  const [database, rival] = [await openDatabase(url), new pg.Client({ connectionString: url })];
  await rival.connect();
  t.teardown(async () => { await database.close(); await rival.end(); });

  await t.test("losing every idle connection costs no more than an error", async (t) => {
    const { id } = await database.clients.insert(aClient());
    await Promise.all(Array.from({ length: 10 }, () => database.ping()));
    const { rowCount } = await rival.query(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    t.ok(rowCount);
    while (await database.ping().then(() => false, () => true)) { /* the pool learns of its losses */ }
    t.equal((await database.clients.find(id))?.id, id);
  });

  await t.test("a lock that another holds for good gives an error, and is waited for again later", async (t) => {
    await rival.query("BEGIN");
    await rival.query("UPDATE installation SET ring_revision = ring_revision");
    const client = aClient();
    await t.rejects(database.clients.insert(client));
    await rival.query("ROLLBACK");
    t.equal(await database.clients.find(client.id), null);
    t.equal((await database.clients.insert(client)).id, client.id);
  });
});
