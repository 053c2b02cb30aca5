import { createHash } from "node:crypto";
import t from "../../support/tap.js";
import { digest } from "../../../src/shared/digest.js";
import { newSecret, SECRET_PREFIX, secretMatches } from "../../../src/clients/secret.js";

const NOW = 1_700_000_000_000;
const secret = newSecret();
const stored = [{ hash: digest(secret), expiresAt: null }];

await t.test("a secret is the prefix and 256 random bits, and never the same twice", async (t) => {
  t.equal(Buffer.from(secret.slice(SECRET_PREFIX.length), "base64url").length, 32);
  t.match(secret, /^authflow_secret_[A-Za-z0-9_-]{43}$/);
  t.equal(new Set(Array.from({ length: 1000 }, newSecret)).size, 1000);
});

await t.test("what is stored is the SHA-256", async (t) => {
  t.equal(digest("abc"), createHash("sha256").update("abc").digest("base64url"));
});

await t.test("only the very secret matches", async (t) => {
  t.equal(secretMatches(stored, secret, NOW), true);
  for (const wrong of ["", ` ${secret}`, `${secret} `, secret.slice(0, -1), secret.toUpperCase(),
    secret.slice(SECRET_PREFIX.length), digest(secret), newSecret()]) {
    t.equal(secretMatches(stored, wrong, NOW), false, wrong.slice(0, 20));
  }
});

await t.test("an unknown client matches nothing, nor does one without secrets", async (t) => {
  t.equal(secretMatches(undefined, secret, NOW), false);
  t.equal(secretMatches([], secret, NOW), false);
});

await t.test("a secret works up to the instant of its end, not at it, whatever its place in the list", async (t) => {
  const [other, ending] = [{ hash: digest("other"), expiresAt: null },
    { hash: digest(secret), expiresAt: NOW }];
  for (const list of [[other, ending], [ending, other]]) {
    t.equal(secretMatches(list, secret, NOW - 1), true);
    t.equal(secretMatches(list, secret, NOW), false);
    t.equal(secretMatches(list, "other", NOW), true);
  }
});
