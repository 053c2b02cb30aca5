import { randomBytes } from "node:crypto";
import t from "../../support/tap.js";
import { LoginSealer } from "../../../src/login/login-sealer.js";
import type { Login } from "../../../src/login/pending-login.js";

const [kek, other] = [randomBytes(32), randomBytes(32)];
const sealer = new LoginSealer([kek]);
const state = sealer.newState();
const login = (changes: Partial<Login> = {}): Login => ({
  provider: "corp", clientId: "01985d2c-0000-7000-8000-000000000000", redirectUri: "https://app.example.com/cb?a=%00",
  responseType: "code", responseMode: "query", state: "Zürich 🚲 \"\\\"", codeChallenge: "c".repeat(43),
  codeVerifier: "v".repeat(43),
  hints: {}, expiresAt: 1_800_000_000_000, ...changes,
});

await t.test("a login comes back as it was sealed", async (t) => {
  for (const one of [login(), login({ responseType: "token", state: undefined, codeChallenge: undefined })]) {
    const sealed = sealer.seal(one, state);
    t.match(sealed, /^[\w.-]+$/, "which a cookie can hold");
    t.equal(sealed.includes("corp"), false);
    t.match(new LoginSealer([kek]).open(sealed, state), one);
  }
});

await t.test("it opens with its own state and key only, and unchanged", async (t) => {
  const sealed = sealer.seal(login(), state);
  t.equal(sealer.open(sealed, sealer.newState()), undefined);
  t.equal(sealer.open(sealed, `${state} `), undefined);
  t.equal(new LoginSealer([other]).open(sealed, state), undefined);
  for (const wrong of ["", "x", sealed.slice(0, -1), sealed.replace("v1", "v2"), "a".repeat(43)])
    t.equal(sealer.open(wrong, state), undefined, wrong);
});

await t.test("a state is recognised without any store", async (t) => {
  t.match(state, /^[\w-]{43}$/);
  t.equal(new LoginSealer([kek]).isOwnState(state), true);
  t.equal(new LoginSealer([other]).isOwnState(state), false);
  for (const invented of ["", "x", "A".repeat(43), `${state}A`, state.slice(1), randomBytes(32).toString("base64url")])
    t.equal(sealer.isOwnState(invented), false, invented);
});

await t.test("a replica with the next key encryption key finishes what was started under the one before", async (t) => {
  const next = new LoginSealer([other, kek]);
  t.match(next.open(sealer.seal(login(), state), state), login());
  t.equal(next.isOwnState(state), true);
  t.equal(sealer.open(next.seal(login(), state), state), undefined, "sealed under the next one");
});

await t.test("the longest state fits, and what no browser would keep is refused", async (t) => {
  const longest = login({ state: "x".repeat(2048), redirectUri: `https://app.example.com/${"y".repeat(500)}` });
  t.ok(sealer.seal(longest, state).length + "__Host-authflow-login-0123456789abcdef=".length <= 4096);
  t.throws(() => sealer.seal(login({ state: "ü".repeat(2048) }), state), { code: "invalid_request", status: 400 });
});
