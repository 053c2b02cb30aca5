import type { LoginChallengeStore, StoredAnswer } from "../../login/login-challenge.js";
import type { Db } from "./db.js";
import { deleteExpired } from "./expired.js";
import { insertOnce } from "./insert-once.js";

export function loginChallengeStore(db: Db): LoginChallengeStore {
  const { loginChallenge: challenges } = db.prisma;
  const find = async (stateHash: string): Promise<StoredAnswer | null> => {
    const row = await challenges.findFirst({ where: { stateHash } });
    return row && { ...row, answer: row.answer ?? undefined, expiresAt: row.expiresAt.getTime() };
  };
  return {
    find,
    answer: async (given) => {
      const { stateHash, clientId, requestHash, answer = null, expiresAt } = given;
      await insertOnce(db, "login_challenges", {
        state_hash: stateHash, client_id: clientId, request_hash: requestHash, answer, expires_at: new Date(expiresAt),
      });
      return await find(stateHash) ?? given;
    },
    take: async (stateHash) => (await challenges.updateMany({
      where: { stateHash, answer: { not: null } }, data: { answer: null },
    })).count === 1,
    sweep: (before, limit) => deleteExpired(db, "login_challenges", before, limit),
  };
}
