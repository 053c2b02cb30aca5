import type { ReplicaStore } from "../../revocation/replica-store.js";
import type { Db } from "./db.js";

export function replicaStore({ prisma }: Db): ReplicaStore {
  return {
    all: () => prisma.replica.findMany(),
    save: async ({ id, ...state }) => {
      await prisma.replica.upsert({ where: { id }, create: { id, ...state }, update: state });
    },
    remove: async (replicas) => {
      for (const { id, beat } of replicas) await prisma.replica.deleteMany({ where: { id, beat } });
    },
  };
}
