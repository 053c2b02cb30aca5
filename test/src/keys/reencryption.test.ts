import { randomBytes } from "node:crypto";
import t from "../../support/tap.js";
import { localSigners } from "../../../src/keys/signers/local.js";
import { KeyRing } from "../../../src/keys/key-ring.js";
import { scheduleOf } from "../../../src/keys/rotation.js";
import { isSealedUnder, seal, unsealWithOneOf } from "../../../src/keys/sealing.js";
import { migrate, openDatabase } from "../../../src/stores/prisma/database.js";
import { onEveryBackend } from "../../support/app.js";

const [old, kek] = [randomBytes(32), randomBytes(32)];
const rest = { clock: Date.now, schedule: scheduleOf(7_776_000, 3600, 86_400) };

await t.test("of several keys the one it was sealed under opens a text", async (t) => {
  const sealed = seal(old, "k", Buffer.from("secret"));
  t.strictSame([isSealedUnder(old, sealed), isSealedUnder(kek, sealed)], [true, false]);
  for (const keks of [[old], [old, kek], [kek, old]]) t.equal(unsealWithOneOf(keks, "k", sealed).toString(), "secret");
  t.throws(() => unsealWithOneOf([kek], "k", sealed), /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key under which/);
  t.throws(() => unsealWithOneOf([kek, old], "other", sealed), /was altered/);
});

await onEveryBackend(t, async (t, env) => {
  const url = env.DATABASE_URL as string;
  await migrate(url);
  const { keys: store, close } = await openDatabase(url);
  t.teardown(close);
  const sealedUnder = async () => (await store.load()).keys.map(({ sealedPrivateKey: text }) =>
    [isSealedUnder(old, text), isSealedUnder(kek, text)].join());

  await t.test("the key encryption key itself rotates, without a change of what is published", async (t) => {
    const before = await KeyRing.open({ store, signers: localSigners([old]), ...rest });
    await before.rotate();
    await t.rejects(KeyRing.open({ store, signers: localSigners([kek]), ...rest }),
      /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key under which/);
    t.equal(await before.reencrypt(), false, "they are as they should be");
    const ring = await KeyRing.open({ store, signers: localSigners([kek, old]), ...rest });
    t.strictSame(await sealedUnder(), ["true,false", "true,false"]);
    t.equal(await ring.reencrypt(), true);
    t.strictSame(await sealedUnder(), ["false,true", "false,true"]);
    t.equal(await ring.reencrypt(), false);
    t.equal(ring.jwks.body, before.jwks.body);
    t.equal((await KeyRing.open({ store, signers: localSigners([kek]), ...rest })).jwks.body,
      before.jwks.body, "the new one alone suffices");
    await t.rejects(KeyRing.open({ store, signers: localSigners([old]), ...rest }),
      /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key under/);
  });
});
