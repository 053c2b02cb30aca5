import { randomUUID } from "node:crypto";
import t from "../support/tap.js";
import type { AuthorizationCode } from "../../src/login/authorization-code.js";
import { onEveryDialect } from "./dialects.js";
import { aFamily, AUTHORIZED, find, NOW } from "./samples.js";

const aCode = (changes: Partial<AuthorizationCode> = {}): AuthorizationCode => ({
  codeHash: randomUUID(), clientId: "a-client", redirectUri: "https://app.example.com/callback",
  codeChallenge: "a-challenge", authorized: undefined,
  claims: { sub: "corp|alice", provider: "corp", email: "alice@example.com", email_verified: true, name: "Zürich 🚲" },
  expiresAt: NOW + 60_000, jti: undefined, status: undefined, ...changes,
});

await onEveryDialect(t, async (t, { open }) => {
  const [one, two] = [await open(), await open()];

  await t.test("of many that finish a login at once, at two replicas, one does", async (t) => {
    for (let round = 0; round < 5; round++) {
      const state = randomUUID();
      t.equal(await one.finishedLogins.isFinished(state), false);
      const finished = await Promise.all(Array.from({ length: 16 }, (_, i) =>
        (i % 2 ? one : two).finishedLogins.finish(state, NOW + 600_000)));
      t.equal(finished.filter(Boolean).length, 1);
      t.equal(await two.finishedLogins.isFinished(state), true);
      t.equal(await two.finishedLogins.finish(state, NOW + 600_000), false);
    }
  });

  await t.test("the answer of a finished login is found at any replica", async (t) => {
    const state = randomUUID();
    t.equal(await two.finishedLogins.answerOf(state), undefined);
    await one.finishedLogins.finish(state, NOW + 600_000);
    t.equal(await two.finishedLogins.answerOf(state), undefined);
    await one.finishedLogins.keepAnswer(state, "sealed");
    t.equal(await two.finishedLogins.answerOf(state), "sealed");
    t.equal(await two.finishedLogins.finish(state, NOW + 600_000), false);
  });

  await t.test("a code comes back as it was issued", async (t) => {
    for (const code of [aCode(), aCode({ codeChallenge: undefined })]) {
      await one.authorizationCodes.issue(code);
      t.strictSame(await find(two.authorizationCodes, code.codeHash), code);
    }
    t.equal(await find(one.authorizationCodes, "x\0y"), null);
    const [first, second] = [aCode(), aCode()];
    await one.authorizationCodes.issue(first);
    await one.authorizationCodes.issue(second);
    const unknown = Array.from({ length: 1200 }, (_, i) => `unknown-${i}`);
    const found = await two.authorizationCodes.findAll([first.codeHash, ...unknown, second.codeHash]);
    t.strictSame(new Set(found), new Set([first, second]), "of many, those that exist");
  });

  await t.test("a code is exchanged once, whoever is fastest, and keeps only what a replay needs", async (t) => {
    for (let round = 0; round < 5; round++) {
      const [code, other] = [aCode({ authorized: round % 2 === 0 ? AUTHORIZED : undefined }), aCode()];
      await one.authorizationCodes.issue(code);
      await one.authorizationCodes.issue(other);
      const exchanges = Array.from({ length: 16 }, (_, i) => ({
        code, family: i % 3 === 0 ? undefined : aFamily(),
        token: {
          jti: `jti-${round}-${i}`, expiresAt: NOW + 3_600_000 + i,
          status: round % 2 === 0 ? { listId: `list-${i}`, index: i } : undefined,
        },
      }));
      const beside = [0, 1, 2, 3].map(() =>
        ({ code: other, family: aFamily(), token: { jti: randomUUID(), expiresAt: NOW + 60_000, status: undefined } }));
      // Each call has the code several times, and another one: half of the calls first, half last.
      const answers = await Promise.all([0, 4, 8, 12].map(async (from, i) => {
        const [database, part] = [i % 2 ? one : two, exchanges.slice(from, from + 4)];
        const more = beside.slice(i, i + 1);
        const done = await database.authorizationCodes.exchange(i % 2 ? [...more, ...part] : [...part, ...more]);
        return i % 2 ? done.slice(1) : done.slice(0, -1);
      }));
      const won = answers.flat();
      const [winner, ...more] = exchanges.filter((_, i) => won[i]);
      t.strictSame(more, []);
      t.strictSame(await find(two.authorizationCodes, code.codeHash), {
        ...code, ...winner?.token, claims: { sub: "corp|alice", provider: "corp" },
        authorized: code.authorized && { sid: code.authorized.sid },
      });
      const { jti } = await find(two.authorizationCodes, other.codeHash) ?? {};
      const expected = [winner?.family, beside.find(({ token }) => token.jti === jti)?.family].filter(Boolean);
      const ids = [...exchanges, ...beside].flatMap(({ family }) => family?.id ?? []);
      const started = new Map((await two.refreshTokens.findAll(ids)).map((family) => [family.id, family]));
      t.strictSame(started, new Map(expected.map((family) => [family?.id, family])), "of the exchanges that won");
    }
    const token = { jti: "x", expiresAt: NOW, status: undefined };
    const family = aFamily();
    t.strictSame(await one.authorizationCodes.exchange([{ code: aCode(), token, family }]), [false]);
    t.equal(await find(one.refreshTokens, family.id), null);
  });

  await t.test("a token that lives for millennia does no harm", async (t) => {
    const code = aCode();
    await one.authorizationCodes.issue(code);
    const token = { jti: "x", expiresAt: NOW * 100, status: undefined };
    t.strictSame(await one.authorizationCodes.exchange([{ code, token, family: undefined }]), [true]);
    t.match(await find(one.authorizationCodes, code.codeHash), { jti: "x" });
  });

  await t.test("sweeping deletes what has expired, a page at a time", async (t) => {
    const logins = [NOW - 2, NOW - 1, NOW, NOW + 1].map((expiresAt) => ({ state: randomUUID(), expiresAt }));
    for (const { state, expiresAt } of logins) await one.finishedLogins.finish(state, expiresAt);
    const sweep = (replica: typeof one) => replica.finishedLogins.sweep(NOW, 2);
    t.strictSame([await sweep(one), await sweep(two), await sweep(one)], [2, 1, 0]);
    t.strictSame(await Promise.all(logins.map(({ state }) => two.finishedLogins.isFinished(state))),
      [false, false, false, true]);
    const [used, fresh] = [aCode({ expiresAt: NOW }), aCode({ expiresAt: NOW + 1 })];
    for (const code of [used, fresh]) await one.authorizationCodes.issue(code);
    t.equal(await one.authorizationCodes.sweep(NOW, 100), 1);
    t.equal(await find(one.authorizationCodes, used.codeHash), null);
    t.strictSame(await find(one.authorizationCodes, fresh.codeHash), fresh);
  });
});
