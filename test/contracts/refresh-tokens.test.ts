import t from "../support/tap.js";
import { type Name, sessionOfClient, subjectOfClient } from "../../src/revocation/entry.js";
import type { RefreshGrant, RefreshTokenFamily, RotatedFamily } from "../../src/sessions/refresh-token.js";
import { onEveryDialect, run } from "./dialects.js";
import { aFamily, AUTHORIZED, find, MINT, nextId, NOW } from "./samples.js";

const GRANTS: RefreshGrant[] = [MINT, { kind: "authorized", authorized: AUTHORIZED }];
const EXCHANGED = { previousHash: "first", issuedAt: NOW + 10 };

await onEveryDialect(t, async (t, { url, open }) => {
  const [{ refreshTokens: one }, { refreshTokens: two }] = [await open(), await open()];
  const started = async (changes: Partial<RefreshTokenFamily> = {}) => {
    const family = aFamily(changes);
    await one.start([family]);
    return family;
  };
  const isThere = async ({ id }: RefreshTokenFamily): Promise<boolean> => await find(two, id) !== null;

  await t.test("a family comes back as it was started", async (t) => {
    for (const grant of GRANTS) {
      const family = await started({ grant });
      t.strictSame(await find(two, family.id), family);
    }
    const rotated = await started(EXCHANGED);
    t.strictSame(await find(two, rotated.id), rotated);
    t.equal(await find(one, "x\0y"), null);
    const [first, second] = [await started({ grant: GRANTS[1] as RefreshGrant }), await started()];
    const found = await two.findAll([first.id, ...Array.from({ length: 1200 }, () => nextId()), "x\0y", second.id]);
    t.strictSame(new Set(found), new Set([first, second]), "of many, those that exist");
  });

  await t.test("a token is exchanged once, whoever is fastest", async (t) => {
    for (let round = 0; round < 5; round++) {
      const family = await started();
      const next = Array.from({ length: 16 }, (_, i) =>
        ({ id: family.id, tokenHash: `next-${i}`, idleUntil: NOW + 2000 + i,
          ...EXCHANGED, answer: `answer-${i}` }));
      const other = await started();
      const beside = { ...next[0], id: other.id, tokenHash: "beside" } as RotatedFamily;
      // Two of each call are of the same family; half of the calls name another family first, half last.
      const calls = [0, 4, 8, 12].map((i) => next.slice(i, i + 4));
      const answers = await Promise.all(calls.map(async (each, i) => {
        const [store, rotated] = i % 2 ? [one, [beside, ...each]] as const : [two, [...each, beside]] as const;
        const done = await store.rotate(rotated);
        return i % 2 ? done.slice(1) : done.slice(0, -1);
      }));
      const won = answers.flat();
      t.equal((await find(two, other.id))?.tokenHash, "beside");
      const winners = next.filter((_, i) => won[i]);
      t.equal(winners.length, 1);
      const { answer, ...winner } = winners[0] as RotatedFamily;
      t.strictSame(await find(two, family.id), { ...family, ...winner });
      t.equal(await one.answerTo(family.id, "first"), answer);
      t.equal(await one.answerTo(family.id, winner.tokenHash), undefined, "that token was not exchanged");
    }
    const gone = { id: nextId(), tokenHash: "x", idleUntil: NOW, ...EXCHANGED, answer: "sealed" };
    t.strictSame(await one.rotate([gone]), [false]);
  });

  await t.test("a cut-off deletes the families of its name that were created before it, and no others", async (t) => {
    type Part = "sub" | "sid" | "clientId";
    const NAMES: [parts: Part[], nameOf: (family: RefreshTokenFamily) => Name][] = [
      [["sub"], ({ sub }) => ({ scope: "sub", value: sub })],
      [["sid"], ({ sid }) => ({ scope: "sid", value: sid })],
      [["clientId"], ({ clientId }) => ({ scope: "client_id", value: clientId })],
      [["clientId", "sub"], ({ clientId, sub }) => subjectOfClient(clientId, sub)],
      [["clientId", "sid"], ({ clientId, sid }) => sessionOfClient(clientId, sid)],
    ];
    for (const [parts, nameOf] of NAMES) {
      // A name of two parts ends with the second one, whatever that contains.
      const family = await started({ sub: `a:${nextId()}`, sid: `b:${nextId()}` });
      const { sub, sid, clientId } = family;
      const later = await started({ sub, sid, clientId, createdAt: NOW + 1 });
      const shared: Part[][] = [[], ["clientId"], ["sub"], ["sid"]];
      const neighbours = await Promise.all(shared.map((names) =>
        started(Object.fromEntries(names.map((name) => [name, family[name]])))));
      await one.endNamed(nameOf(family), NOW + 0.5);
      t.strictSame([await isThere(family), await isThere(later)], [false, true], parts.join());
      t.strictSame(await Promise.all(neighbours.map(isThere)),
        shared.map((names) => !parts.every((part) => names.includes(part))), parts.join());
    }
    const family = await started();
    for (const scope of ["jti", "kid"] as const) await one.endNamed({ scope, value: family.sub }, NOW * 2);
    await one.endNamed({ scope: "sub", value: "x\0y" }, NOW * 2);
    t.equal(await isThere(family), true);
    await one.end(family.id);
    t.equal(await isThere(family), false);
  });

  await t.test("sweeping deletes what has ended, a page at a time, and forgets old answers", async (t) => {
    await one.endAll();
    const families = await Promise.all([NOW - 2, NOW - 1, NOW, NOW + 1].map((idleUntil) => started({ idleUntil })));
    t.strictSame([await one.sweep(NOW, 2), await two.sweep(NOW, 2), await one.sweep(NOW, 2)], [2, 1, 0]);
    t.strictSame(await Promise.all(families.map(isThere)), [false, false, false, true]);

    const used = await started();
    const next = { id: used.id, tokenHash: "second", idleUntil: NOW + 1, ...EXCHANGED, answer: "sealed" };
    await one.rotate([next]);
    t.equal(await one.sweep(NOW, 2), 0, "its use has prolonged it");
    await one.forgetRotations(NOW + 9);
    t.equal(await two.answerTo(used.id, "first"), "sealed");
    await one.forgetRotations(NOW + 10);
    const exchanged = { ...used, tokenHash: "second", issuedAt: NOW + 10, idleUntil: NOW + 1 };
    t.strictSame(await find(two, used.id), exchanged, "when it was used last is known still");
    await run(url, `UPDATE refresh_tokens SET rotated_at = NULL WHERE id = '${used.id}'`);
    t.strictSame(await find(two, used.id), { ...exchanged, issuedAt: NOW + 1 }, "as versions before left it");
    const years = await started({ idleUntil: NOW * 100, endsAt: NOW * 100 });
    t.equal((await find(two, years.id))?.endsAt, NOW * 100);
    await one.endAll();
    t.strictSame(await run(url, "SELECT id FROM refresh_tokens"), []);
  });
});
