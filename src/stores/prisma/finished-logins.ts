import type { FinishedLoginStore } from "../../login/pending-login.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";
import { insertOnce } from "./insert-once.js";

export function finishedLoginStore(db: Db): FinishedLoginStore {
  const { prisma } = db;
  return {
    finish: (stateHash, expiresAt) =>
      insertOnce(db, "finished_logins", { state_hash: stateHash, expires_at: new Date(expiresAt) }),
    keepAnswer: async (stateHash, answer) => {
      await prisma.finishedLogin.updateMany({ where: { stateHash }, data: { answer } });
    },
    answerOf: async (stateHash) =>
      (await prisma.finishedLogin.findFirst({ where: { stateHash } }))?.answer ?? undefined,
    isFinished: async (stateHash) => await prisma.finishedLogin.findFirst({ where: { stateHash } }) !== null,
    sweep: (before, limit) => deleteExpired(db, "finished_logins", before, limit),
  };
}
