import type { FinishedLoginStore } from "../../login/pending-login.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";

export function finishedLoginStore(db: Db): FinishedLoginStore {
  const { prisma, postgres } = db;
  const values = postgres ? "$1, $2" : "?, ?";
  return {
    // Of concurrent callers, only the first one inserts the row: the others wait for its transaction.
    finish: async (stateHash, expiresAt) => await prisma.$executeRawUnsafe(
      `INSERT INTO finished_logins (state_hash, expires_at) VALUES (${values}) ON CONFLICT DO NOTHING`,
      stateHash, new Date(expiresAt)) === 1,
    keepAnswer: async (stateHash, answer) => {
      await prisma.finishedLogin.updateMany({ where: { stateHash }, data: { answer } });
    },
    answerOf: async (stateHash) =>
      (await prisma.finishedLogin.findFirst({ where: { stateHash } }))?.answer ?? undefined,
    isFinished: async (stateHash) => await prisma.finishedLogin.findFirst({ where: { stateHash } }) !== null,
    sweep: (before, limit) => deleteExpired(db, "finished_logins", before, limit),
  };
}
