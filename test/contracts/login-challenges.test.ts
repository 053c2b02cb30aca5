import { randomUUID } from "node:crypto";
import t from "../support/tap.js";
import type { StoredAnswer } from "../../src/login/login-challenge.js";
import { onEveryDialect } from "./dialects.js";
import { NOW } from "./samples.js";

const anAnswer = (changes: Partial<StoredAnswer> = {}): StoredAnswer => ({
  stateHash: randomUUID(), clientId: "a-client", requestHash: "a-request", answer: "v1.sealed",
  expiresAt: NOW + 600_000, ...changes,
});

await onEveryDialect(t, async (t, { open }) => {
  const [one, two] = [await open(), await open()];

  await t.test("of many answers at once, at two replicas, one is kept, and everyone learns which", async (t) => {
    for (let round = 0; round < 5; round++) {
      const given = anAnswer();
      t.equal(await one.loginChallenges.find(given.stateHash), null);
      const kept = await Promise.all(Array.from({ length: 16 }, (_, i) => (i % 2 ? one : two).loginChallenges
        .answer({ ...given, clientId: `client-${i}`, requestHash: `request-${i}`, answer: `answer-${i}` })));
      t.equal(new Set(kept.map((answer) => JSON.stringify(answer))).size, 1);
      t.strictSame(await two.loginChallenges.find(given.stateHash), kept[0]);
      t.strictSame(await one.loginChallenges.answer(given), kept[0], "a later one changes nothing");
    }
  });

  await t.test("an answer is taken once, whoever is fastest, and stays known", async (t) => {
    for (let round = 0; round < 5; round++) {
      const given = anAnswer();
      t.equal(await one.loginChallenges.take(given.stateHash), false, "there is none yet");
      await one.loginChallenges.answer(given);
      const taken = await Promise.all(
        Array.from({ length: 16 }, (_, i) => (i % 2 ? one : two).loginChallenges.take(given.stateHash)));
      t.equal(taken.filter(Boolean).length, 1);
      t.strictSame(await one.loginChallenges.find(given.stateHash), { ...given, answer: undefined });
      t.strictSame(await two.loginChallenges.answer(given), { ...given, answer: undefined }, "it does not come back");
    }
  });

  await t.test("expired answers are swept, page by page", async (t) => {
    const [old, older, fresh] = [anAnswer({ expiresAt: NOW - 1 }), anAnswer({ expiresAt: NOW - 2 }), anAnswer()];
    for (const answer of [old, older, fresh]) await one.loginChallenges.answer(answer);
    t.equal(await one.loginChallenges.sweep(NOW, 1), 1);
    t.equal(await one.loginChallenges.sweep(NOW, 10), 1);
    t.equal(await one.loginChallenges.sweep(NOW, 10), 0);
    t.equal(await one.loginChallenges.find(old.stateHash), null);
    t.strictSame(await one.loginChallenges.find(fresh.stateHash), fresh);
  });
});
