import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import type { Test } from "tap";
import t from "../support/tap.js";
import { openDatabase } from "../../src/stores/prisma/database.js";
import { listen } from "../../src/stores/prisma/listen-postgres.js";
import { migratedPostgres } from "../support/services.js";
import { until } from "../e2e/support.js";
import { onEveryDialect } from "./dialects.js";
import { aClient } from "./samples.js";

t.jobs = 3; // all wait for a timeout

/** Accepts connections; passes on what it receives to PostgreSQL at `url`, until it falls silent. */
async function silentServer(t: Test, url?: string) {
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    if (url === undefined) return;
    const { hostname, port } = new URL(url);
    const onward = connect(Number(port || 5432), hostname).on("error", () => undefined);
    sockets.push(onward);
    socket.on("data", (bytes) => { if (!silent) onward.write(bytes); });
    onward.on("data", (bytes) => { if (!silent) socket.write(bytes); });
  }).listen(0, "127.0.0.1");
  const sockets: Socket[] = [];
  let silent = false;
  await once(server, "listening");
  const connected = once(server, "connection");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, connected, fallSilent: () => { silent = true; }, speak: () => { silent = false; } };
}

t.test("a PostgreSQL that accepts and never answers gives an error, not a hang", async (t) => {
  const { port } = await silentServer(t);
  await t.rejects(openDatabase(`postgres://user@127.0.0.1:${port}/silent`));
});

t.test("listening can be stopped while it still connects", async (t) => {
  const { port, connected } = await silentServer(t);
  const stop = listen(`postgres://user@127.0.0.1:${port}/silent`, () => undefined);
  await connected;
  await t.resolves(stop());
});

t.test("closing a database again does nothing", (t) => onEveryDialect(t, async (t, { open }) => {
  const database = await open();
  await database.revocations.read(0, 1);
  await database.close();
  await t.resolves(database.close());
  await t.rejects(database.revocations.read(0, 1));
}));

t.test("a PostgreSQL that falls silent gives an error, not a hang", async (t) => {
  const url = await migratedPostgres(t);
  if (url === undefined) return;
  const { port, fallSilent, speak } = await silentServer(t, url);
  const through = new URL(url);
  through.host = `127.0.0.1:${port}`;
  const database = await openDatabase(through.href);
  await database.clients.find("x");
  fallSilent();
  const name = { scope: "jti", value: "a-jti" } as const;
  await Promise.all([t.rejects(database.clients.find("x")), t.rejects(database.revocations.find([name]))]);
  for (const call of [database.clients.find("x"), database.revocations.read(0, 1)] as Promise<unknown>[]) {
    await t.rejects(call, { status: 503, cause: { name: "Silent" } }, "others do not wait for a time-out too");
  }
  await t.rejects(database.condition(), { name: "Silent" });
  speak();
  await until("it is used again", () => database.clients.find("x").then((client) => client === null, () => false));
  t.equal(await database.condition(), "up");
  await database.close();
});

t.test("PostgreSQL", async (t) => {
  const url = await migratedPostgres(t);
  if (url === undefined) return;
  const [database, rival] = [await openDatabase(url), new pg.Client({ connectionString: url })];
  await rival.connect();
  t.teardown(async () => { await database.close(); await rival.end(); });

  await t.test("losing every idle connection costs no more than an error", async (t) => {
    const { id } = await database.clients.insert(aClient());
    await Promise.all(Array.from({ length: 10 }, () => database.clients.find(id)));
    const { rowCount } = await rival.query(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    t.ok(rowCount);
    while (await database.clients.find(id).then(() => false, () => true)) { /* the pool learns of its losses */ }
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
