import { generateKeyPairSync } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import t from "../../support/tap.js";
import { basic, bearer, manualClock, onEveryBackend, someClaims, testApp, type TestApp } from "../../support/app.js";

const KEK = { AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString("base64") };
const DAY = 86_400;
const timing = { cutoffWait: 1 }; // the clock stands still: no later token can be covered
const importedKey = (): { AUTHFLOW_SIGNING_KEY: string } => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { AUTHFLOW_SIGNING_KEY: privateKey.export({ format: "pem", type: "pkcs8" }).toString() };
};
const everywhere = (app: TestApp, token: string) =>
  app.call("POST", "/logout", { headers: bearer(token), payload: { everywhere: true } });
/** The cut-offs that GET /revocations lists. It answers 503 until the feed has begun. */
async function cutoffs(app: TestApp): Promise<{ sub: string; exp: number }[]> {
  const headers = basic(await app.register());
  for (;;) {
    const { status, body } = await app.call("GET", "/revocations", { headers });
    if (status === 200) return body.issued_before as { sub: string; exp: number }[];
    await setImmediate();
  }
}

for (const [name, env, longest] of [
  ["30 days", {}, 30 * DAY], ["a set time", { AUTHFLOW_IMPORTED_TOKEN_TTL_MAX: "40d" }, 40 * DAY],
  ["AUTHFLOW_TOKEN_TTL_MAX, if that is longer", { AUTHFLOW_TOKEN_TTL_MAX: "50d" }, 50 * DAY],
] as const) {
  await t.test(`a token of an imported key may live for ${name}, and a cut-off lasts as long`, async (t) => {
    await onEveryBackend(t, async (t, backend) => {
      const { clock, advance } = manualClock();
      const app = await testApp(t, { ...backend, ...KEK, ...importedKey(), ...env }, { clock, timing });
      const iat = Math.floor(clock() / 1000);
      const sign = (exp: number, sub = "alice") => app.sign(someClaims({ sub, client_id: undefined, iat, exp }));
      t.match(await app.userinfo(await sign(iat + longest + 1)), {
        status: 401,
        body: { error: "invalid_token", error_description: new RegExp(`lifetime .* exceeds ${longest} s`) },
      });
      const [token, another] = [await sign(iat + longest), await sign(iat + longest, "bob")];
      t.equal((await app.userinfo(token)).status, 200);
      t.equal((await everywhere(app, await sign(iat + 60))).status, 200);
      t.equal((await app.userinfo(token)).status, 401);
      const [cutoff] = await cutoffs(app);
      t.ok(cutoff?.sub === "alice" && cutoff.exp >= iat + longest, "the cut-off lasts until the token's exp");
      advance(longest - 1);
      t.match(await app.userinfo(token), { status: 401, body: { error_description: "The token was revoked" } });
      t.equal((await app.userinfo(another)).status, 200, "a second before its exp");
    });
  });
}

await onEveryBackend(t, async (t, backend) => {
  const start = (env: Record<string, string> = {}) => testApp(t, { ...backend, ...KEK, ...env });
  const [low, high] = [await start({ AUTHFLOW_TOKEN_TTL_MAX: "2h" }), await start({ AUTHFLOW_TOKEN_TTL_MAX: "72h" })];

  await t.test("a replica accepts the tokens of one with a higher AUTHFLOW_TOKEN_TTL_MAX at once", async (t) => {
    const token = await high.mint({ expires_in: 3 * DAY });
    t.equal((await low.userinfo(token)).status, 200);
    t.equal((await everywhere(low, await low.mint())).status, 200);
    t.equal((await high.userinfo(token)).status, 401);
  });

  await t.test("tokens that were issued before the setting was lowered stay valid, longer ones do not", async (t) => {
    const token = await high.mint({ expires_in: 3 * DAY });
    const lowered = await start({ AUTHFLOW_TOKEN_TTL_MAX: "1h" });
    t.equal((await lowered.userinfo(token)).status, 200);
    const iat = Math.floor(Date.now() / 1000);
    t.equal((await lowered.userinfo(await lowered.sign(someClaims({ iat, exp: iat + 3 * DAY + 1 })))).status, 401);
  });
});
