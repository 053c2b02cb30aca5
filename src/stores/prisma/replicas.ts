import type { Replica, ReplicaStore } from "../../revocation/replica-store.js";
import type { Db } from "./db.js";

export function replicaStore({ prisma, history }: Db): ReplicaStore {
  return {
    all: async () => {
      const rows = await prisma.$queryRawUnsafe<(Replica & { now: string | null })[]>(
        `SELECT id, outlet, trusts, beat, history, ${await history()} AS now FROM replicas`);
      return { replicas: rows.map(({ now: _now, ...replica }) => replica), history: rows[0]?.now ?? null };
    },
    save: async ({ id, ...state }) => {
      await prisma.replica.upsert({ where: { id }, create: { id, ...state }, update: state });
    },
    remove: async (replicas) => {
      for (const { id, beat } of replicas) await prisma.replica.deleteMany({ where: { id, beat } });
    },
  };
}
