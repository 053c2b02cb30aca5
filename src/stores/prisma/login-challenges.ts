import type { LoginChallengeStore, StoredAnswer } from "../../login/login-challenge.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";

export function loginChallengeStore(db: Db): LoginChallengeStore {
  const { prisma, postgres } = db;
  const { loginChallenge: challenges } = prisma;
  const values = postgres ? "$1, $2, $3, $4, $5" : "?, ?, ?, ?, ?";
  const find = async (stateHash: string): Promise<StoredAnswer | null> => {
    const row = await challenges.findFirst({ where: { stateHash } });
    return row && { ...row, answer: row.answer ?? undefined, expiresAt: row.expiresAt.getTime() };
  };
  return {
    find,
    answer: async (given) => {
      const { stateHash, clientId, requestHash, answer = null, expiresAt } = given;
      // Of concurrent callers, only the first one inserts the row: the others wait for its transaction.
      await prisma.$executeRawUnsafe(
        `INSERT INTO login_challenges (state_hash, client_id, request_hash, answer, expires_at) VALUES (${values})
          ON CONFLICT DO NOTHING`, stateHash, clientId, requestHash, answer, new Date(expiresAt));
      return await find(stateHash) ?? given;
    },
    take: async (stateHash) => (await challenges.updateMany({
      where: { stateHash, answer: { not: null } }, data: { answer: null },
    })).count === 1,
    sweep: (before, limit) => deleteExpired(db, "login_challenges", before, limit),
  };
}
