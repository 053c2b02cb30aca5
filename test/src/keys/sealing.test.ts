import { randomBytes } from "node:crypto";
import t from "../../support/tap.js";
import { seal, unseal } from "../../../src/keys/sealing.js";

const [kek, other] = [randomBytes(32), randomBytes(32)];
const secret = randomBytes(1200);
const sealed = seal(kek, "kid-1", secret);

await t.test("what was sealed opens under the same key and context", async (t) => {
  t.strictSame(unseal(kek, "kid-1", sealed), secret);
  t.strictSame(unseal(kek, "", seal(kek, "", Buffer.alloc(0))), Buffer.alloc(0));
});

await t.test("the same text sealed twice is different, and shows nothing of it", async (t) => {
  t.not(seal(kek, "kid-1", secret), sealed);
  t.notOk(sealed.includes(secret.toString("base64url").slice(0, 20)));
  t.notOk(sealed.includes(kek.toString("base64url").slice(0, 8)));
});

await t.test("another key is distinguished from an altered text, with the remedy", async (t) => {
  t.throws(() => unseal(other, "kid-1", sealed),
    /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key under which signing key kid-1/);
});

await t.test("a seal moved to another row does not open", async (t) => {
  t.throws(() => unseal(kek, "kid-2", sealed), /kid-2 was altered in the database/);
});

await t.test("a change of any part is noticed", async (t) => {
  const parts = sealed.split(".");
  for (const i of [2, 3, 4]) {
    const bytes = Buffer.from(parts[i] as string, "base64url");
    for (const at of [0, bytes.length - 1]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] as number) ^ 1;
      t.throws(() => unseal(kek, "kid-1", parts.with(i, altered.toString("base64url")).join(".")), /was altered/,
        `part ${i}, byte ${at}`);
    }
    t.throws(() => unseal(kek, "kid-1", parts.with(i, "").join(".")), /was altered/, `part ${i} emptied`);
    t.throws(() => unseal(kek, "kid-1", parts.with(i, bytes.subarray(0, 4).toString("base64url")).join(".")),
      /was altered/, `part ${i} cut to 4 bytes`);
  }
});

await t.test("a form of another version, or none, is said to be one", async (t) => {
  for (const text of ["", "v1", "v2.a.b.c.d", sealed.replace("v1", "v2"), `${sealed}.x`, secret.toString("base64")]) {
    t.throws(() => unseal(kek, "kid-1", text), /a form that this version does not know: update Authflow/);
  }
});
