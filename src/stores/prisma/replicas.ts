import { randomUUID } from "node:crypto";
import type { Replica, ReplicaStore } from "../../revocation/replica-store.js";
import type { Db, Transaction } from "./db.js";
import { createInstallation } from "./installation.js";

export function replicaStore({ prisma, run, transaction, history }: Db): ReplicaStore {
  return {
    version: async () => {
      const of = (version: string) => `SELECT ${version} FROM installation WHERE id = 1`;
      const [version] = await run({
        sqlite: [[of("replica_version")]], postgres: [of(`concat_ws(' ', replica_version, ${await history()})`)],
      });
      return version as string | undefined ?? "";
    },
    all: async () => {
      // One row at least, so that the history is known without a replica.
      const rows = await prisma.$queryRawUnsafe<(Replica & { now: string | null })[]>(`
        SELECT id, outlet, trusts, beat, history, now
        FROM (SELECT ${await history()} AS now) AS server LEFT JOIN replicas ON true`);
      const replicas = rows.filter(({ id }) => id !== null).map(({ now: _now, ...replica }) => replica);
      return { replicas, history: rows[0]?.now ?? null };
    },
    save: ({ id, ...state }) => transaction(async (tx) => {
      await changeVersion(tx);
      await tx.replica.upsert({ where: { id }, create: { id, ...state }, update: state });
    }),
    beat: async ({ id, beat }) => { await prisma.replica.updateMany({ where: { id }, data: { beat } }); },
    remove: (replicas) => transaction(async (tx) => {
      await changeVersion(tx);
      const { count } = await tx.replica.deleteMany({ where: { OR: replicas.map(({ id, beat }) => ({ id, beat })) } });
      if (count === 0) throw new Unchanged();
    }).catch((error: unknown) => { if (!(error instanceof Unchanged)) throw error; }),
  };
}

/** Rolls back: the others would read all replicas again. */
class Unchanged extends Error {}

/** Must be the first statement of a transaction: all of them wait for this row's lock, so that no two deadlock. */
async function changeVersion(tx: Transaction): Promise<void> {
  const data = { replicaVersion: randomUUID() };
  const change = async () => (await tx.installation.updateMany({ where: { id: 1 }, data })).count;
  if (await change() > 0) return;
  await createInstallation(tx);
  await change();
}
