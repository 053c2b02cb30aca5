import t from "../../support/tap.js";
import { checkRing } from "../../../src/cli/key-checks.js";
import { loadConfig } from "../../../src/config/load.js";
import { entering } from "../../../src/keys/rotation.js";
import { seal } from "../../../src/keys/sealing.js";

const key = { kid: "k", algorithm: "RS256", publicJwk: "{}", sealedPrivateKey: "v1" };
const signedFor = (days: number) => [entering(key, "active", Date.now() - days * 86_400_000)];
const CASES: [what: string, days: number, env: Record<string, string>, level: string, text: RegExp][] = [
  ["a young key is fine", 89, {}, "ok", /key k has signed for 89 days/],
  ["an old one is noted", 91, {}, "note", /longer than AUTHFLOW_KEY_ROTATION: it rotates while the service runs/],
  ["by the installation's own period", 31, { AUTHFLOW_KEY_ROTATION: "30d" }, "note", /for 31 days, longer than/],
  ["also where nobody rotates it", 91, { AUTHFLOW_KEY_ROTATION: "off" }, "note", /is off: authflow keys rotate/],
  ["rotation by hand is fine meanwhile", 89, { AUTHFLOW_KEY_ROTATION: "off" }, "ok", /for 89 days$/],
];
for (const [what, days, env, level, text] of CASES) {
  await t.test(what, async (t) => { t.match(checkRing(signedFor(days), loadConfig(env)), [[level, text]]); });
}

await t.test("old entries of the key encryption key are noted, in use or not", async (t) => {
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const env = { AUTHFLOW_KEY_ENCRYPTION_KEY: `${first.toString("base64")},${second.toString("base64")}` };
  const under = (kek: Buffer) =>
    signedFor(1).map((one) => ({ ...one, sealedPrivateKey: seal(kek, "k", Buffer.from("")) }));
  t.match(checkRing(under(second), loadConfig(env))[1], ["note", /1 of 1 signing .*authflow keys reencrypt$/]);
  t.match(checkRing(under(first), loadConfig(env))[1], ["note", /in use no longer: keep the first alone$/]);
  t.equal(checkRing(under(first), loadConfig({ AUTHFLOW_KEY_ENCRYPTION_KEY: first.toString("base64") })).length, 1);
});
