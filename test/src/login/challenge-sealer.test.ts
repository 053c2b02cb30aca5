import { randomBytes } from "node:crypto";
import t from "../../support/tap.js";
import { CHALLENGE_MAX, ChallengeSealer, openAnswer, sealAnswer } from "../../../src/login/challenge-sealer.js";
import type { LoginChallenge } from "../../../src/login/login-challenge.js";

const [kek, other] = [randomBytes(32), randomBytes(32)];
const sealer = new ChallengeSealer([kek]);
const challenge = (changes: Partial<LoginChallenge> = {}): LoginChallenge => ({
  state: "s".repeat(43), redirectUri: "https://auth.example.com/auth/local/callback",
  clientId: "01985d2c-0000-7000-8000-000000000000", hints: { login_hint: "Zürich 🚲" }, scopes: ["openid"],
  resources: [], startedAt: 1_800_000_000_000, expiresAt: 1_800_000_600_000, ...changes,
});

await t.test("a challenge comes back as it was sealed, and tells its holder nothing", async (t) => {
  const sealed = sealer.seal(challenge());
  t.match(sealed, /^[\w.-]+$/, "which a path can hold");
  t.notMatch(sealed, /openid|01985d2c/);
  t.strictSame(sealer.open(sealed), challenge());
  t.not(sealer.seal(challenge()), sealed, "two are never the same");
});

await t.test("it opens with its own key only, and unchanged", async (t) => {
  const sealed = sealer.seal(challenge());
  t.equal(new ChallengeSealer([other]).open(sealed), undefined);
  t.strictSame(new ChallengeSealer([other, kek]).open(sealed), challenge(), "also after the key was rotated");
  for (const wrong of ["", "x", sealed.slice(0, -1), `${sealed}A`, sealed.replace("v1", "v2"), "a".repeat(300)])
    t.equal(sealer.open(wrong), undefined, wrong);
});

await t.test("one that would be too long for a URL is refused", async (t) => {
  t.ok(sealer.seal(challenge({ scopes: ["x".repeat(2000)] })).length <= CHALLENGE_MAX);
  t.throws(() => sealer.seal(challenge({ scopes: ["x".repeat(3000)] })), { code: "invalid_request", message: /scope/ });
});

await t.test("each login has one code, which nobody else can make", async (t) => {
  const [state, code] = ["s".repeat(43), sealer.codeFor("s".repeat(43))];
  t.match(code, /^[\w-]{43}$/);
  t.equal(sealer.codeFor(state), code);
  t.not(sealer.codeFor("another"), code);
  t.not(new ChallengeSealer([other]).codeFor(state), code);
});

await t.test("an answer opens with its code and login only", async (t) => {
  const answer = { error: "access_denied", description: "no" };
  const sealed = sealAnswer("a-code", "a-login", answer);
  t.notMatch(sealed, "denied");
  t.strictSame(openAnswer("a-code", "a-login", sealed), answer);
  t.equal(openAnswer("another", "a-login", sealed), undefined);
  t.equal(openAnswer("a-code", "another", sealed), undefined);
});
