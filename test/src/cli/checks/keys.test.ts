import t from "../../../support/tap.js";
import { checkKeys } from "../../../../src/cli/checks/keys.js";
import { loadConfig } from "../../../../src/config/load.js";
import { entering } from "../../../../src/keys/rotation.js";
import { seal } from "../../../../src/keys/sealing.js";
import type { StoredKey } from "../../../../src/keys/store.js";

const key = { kid: "k", algorithm: "RS256", publicJwk: "{}", sealedPrivateKey: "v1" };
const NOW = Date.UTC(2026, 10, 24);
const signedFor = (days: number) => [entering(key, "active", NOW - days * 86_400_000)];
const CASES: [what: string, days: number, env: Record<string, string>, level: string, text: RegExp][] = [
  ["a young key is fine", 89, {}, "ok", /key k has signed for 89 days/],
  ["an old one is noted", 91, {}, "note", /longer than AUTHFLOW_KEY_ROTATION: it rotates while the service runs/],
  ["by the installation's own period", 31, { AUTHFLOW_KEY_ROTATION: "30d" }, "note", /for 31 days, longer than/],
  ["also where nobody rotates it", 91, { AUTHFLOW_KEY_ROTATION: "off" }, "note", /is off: authflow keys rotate/],
  ["rotation by hand is fine meanwhile", 89, { AUTHFLOW_KEY_ROTATION: "off" }, "ok", /for 89 days$/],
];
for (const [what, days, env, level, text] of CASES) {
  await t.test(what, async (t) => { t.match(checkKeys(signedFor(days), loadConfig(env), NOW), [[level, text]]); });
}

await t.test("old entries of the key encryption key are noted, in use or not", async (t) => {
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const env = { AUTHFLOW_KEY_ENCRYPTION_KEY: `${first.toString("base64")},${second.toString("base64")}` };
  const under = (kek: Buffer) =>
    signedFor(1).map((one) => ({ ...one, sealedPrivateKey: seal(kek, "k", Buffer.from("")) }));
  t.match(checkKeys(under(second), loadConfig(env), NOW)[1], ["note", /1 of 1 signing .*authflow keys reencrypt$/]);
  t.match(checkKeys(under(first), loadConfig(env), NOW)[1], ["note", /no longer in use: keep only the first$/]);
  const single = loadConfig({ AUTHFLOW_KEY_ENCRYPTION_KEY: first.toString("base64") });
  t.equal(checkKeys(under(first), single, NOW).length, 1);
});

await t.test("keys that AUTHFLOW_KEY_ENCRYPTION_KEY does not decrypt are a problem", async (t) => {
  const key = (byte: number) => Buffer.alloc(32, byte);
  const [one] = signedFor(1);
  const sealed = { ...one, sealedPrivateKey: seal(key(1), "k", Buffer.from("")) } as StoredKey;
  const config = loadConfig({ AUTHFLOW_KEY_ENCRYPTION_KEY: key(2).toString("base64") });
  t.match(checkKeys([sealed], config, NOW)[1], ["fail", /AUTHFLOW_KEY_ENCRYPTION_KEY is not the key/]);
});
