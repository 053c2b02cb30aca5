import t from "../../support/tap.js";
import { CLOCK_TOLERANCE } from "../../../src/shared/clock.js";
import {
  advance, dueAlgorithm, entering, leavesAt, longestTtlOf, type Schedule, scheduleOf, signingKey,
} from "../../../src/keys/rotation.js";
import type { StoredKey } from "../../../src/keys/store.js";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const START = Date.UTC(2026, 0, 1);
const SETTINGS = scheduleOf(7_776_000, 3600, 86_400);

let made = 0;
const aKey = (state: "staged" | "active", now: number, algorithm = "RS256"): StoredKey =>
  entering({ kid: `key-${++made}`, algorithm, publicJwk: "{}", sealedPrivateKey: "v1" }, state, now);
const turn = (keys: StoredKey[], now: number, schedule: Schedule = SETTINGS): StoredKey[] => {
  const turned = advance(keys, now, schedule);
  const due = dueAlgorithm(turned, now, schedule);
  return due === undefined ? turned : [...turned, aKey("staged", now, due)];
};
const states = (keys: StoredKey[]): string[] => keys.map(({ kid, state }) => `${kid} ${state}`);

await t.test("a key is published for the JWKS's max-age, the verifiers' cache and the clocks' tolerance", async (t) => {
  const lead = (300 + 3600) * 1000 + CLOCK_TOLERANCE;
  t.strictSame(SETTINGS, { period: 90 * DAY, lead, longestTtl: 86_400, algorithm: "RS256" });
  t.equal(scheduleOf(undefined, 1, 1).period, undefined);
});

await t.test("one turn, instant by instant", async (t) => {
  const first = aKey("active", START);
  let ring = turn([first], START);
  const due = START + 90 * DAY;
  const steps: [what: string, now: number, ring: string[]][] = [
    ["nothing is due yet", due - SETTINGS.lead - 1, [`${first.kid} active`]],
    ["the successor is published", due - SETTINGS.lead, [`${first.kid} active`, "key-2 staged"]],
    ["and waits", due - 1, [`${first.kid} active`, "key-2 staged"]],
    ["and signs", due, [`${first.kid} retired`, "key-2 active"]],
    ["its predecessor's last token lives", due + DAY + CLOCK_TOLERANCE - 1, [`${first.kid} retired`, "key-2 active"]],
    ["and is dead", due + DAY + CLOCK_TOLERANCE, ["key-2 active"]],
  ];
  for (const [what, now, expected] of steps) {
    ring = turn(ring, now);
    t.strictSame(states(ring), expected, what);
    t.equal(turn(ring, now), ring, "and nothing more is to be done");
  }
});

/** A generator that gives the same numbers in [0, 1) on each run (Park and Miller). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

interface Life { published: number; signed: number[]; gone: number | undefined }

/** Replicas whose clocks disagree read the ring at odd moments, and sometimes none does for weeks. */
function simulate(seed: number, years: number, settings: Schedule): { lives: Life[]; most: number; turns: number[] } {
  const random = numbers(seed);
  const lives = new Map<string, Life>();
  const turns: number[] = [];
  let ring = [aKey("active", START)];
  let [most, active] = [1, ring[0]?.kid];
  const pause = (): number => (random() < 0.002 ? 30 * DAY : HOUR) * random();
  for (let now = START; now < START + years * 365 * DAY; now += pause()) {
    const replica = now + (random() - 0.5) * CLOCK_TOLERANCE;
    ring = turn(ring, replica, settings);
    const signing = ring.filter(({ state }) => state === "active");
    if (signing.length !== 1) throw new Error(`${signing.length} keys sign`);
    for (const { kid } of ring) {
      if (!lives.has(kid)) lives.set(kid, { published: now, signed: [], gone: undefined });
    }
    for (const [kid, life] of lives) {
      if (kid === signing[0]?.kid) life.signed.push(now);
      if (life.gone === undefined && !ring.some((key) => key.kid === kid)) life.gone = now;
    }
    if (signing[0]?.kid !== active) turns.push(now);
    active = signing[0]?.kid;
    most = Math.max(most, ring.length);
  }
  return { lives: [...lives.values()], most, turns };
}

for (const [name, settings, years] of [
  ["90 days", SETTINGS, 20],
  ["a day, with tokens that outlive it", scheduleOf(86_400, 3600, 5 * 86_400), 2],
  ["hardly longer than the lead", scheduleOf(3961, 3600, 3600), 1],
] as const) {
  await t.test(`for years, a rotation of ${name} keeps its promises`, async (t) => {
    for (const seed of [1, 2, 3, 4]) {
      const { lives, most, turns } = simulate(seed, years, settings);
      t.ok(lives.length > 3 * years, `${lives.length} keys came`);
      const [, ...successors] = lives;
      const early = successors.filter(({ published, signed: [first] }) =>
        first !== undefined && first - published < settings.lead - CLOCK_TOLERANCE);
      t.equal(early.length, 0, "none signs before every verifier can know it");
      const late = lives.filter(({ signed, gone }) =>
        gone !== undefined && gone < (signed.at(-1) ?? Infinity) + settings.longestTtl * 1000);
      t.equal(late.length, 0, "none leaves before its last token has expired");
      const twice = lives.filter(({ signed }, i) => signed.some((at) => at > (lives[i + 1]?.signed[0] ?? Infinity)));
      t.equal(twice.length, 0, "none signs again after its successor");
      const gaps = turns.map((at, i) => at - (turns[i - 1] ?? START));
      t.ok(Math.min(...gaps) > (settings.period as number) - 2 * CLOCK_TOLERANCE, "none gives way early");
      t.ok(most <= 2 + Math.ceil((settings.longestTtl * 1000 + HOUR) / (settings.period as number)) + 1,
        `at most ${most} at once`);
    }
  });
}

await t.test("a key for ID tokens beside the set algorithm turns by itself", async (t) => {
  const schedule = scheduleOf(7_776_000, 3600, 86_400, "ES256");
  const names = (keys: StoredKey[]) => keys.map(({ algorithm, state }) => `${algorithm} ${state}`);
  let ring = [aKey("active", START, "ES256"), aKey("active", START + DAY, "RS256")];
  const due = START + 90 * DAY;
  const steps: [now: number, ring: string[]][] = [
    [due - schedule.lead - 1, ["ES256 active", "RS256 active"]],
    [due - schedule.lead, ["ES256 active", "RS256 active", "ES256 staged"]],
    [due, ["ES256 retired", "RS256 active", "ES256 active"]],
    [due + DAY - schedule.lead, ["ES256 retired", "RS256 active", "ES256 active", "RS256 staged"]],
    [due + DAY, ["ES256 retired", "RS256 retired", "ES256 active", "RS256 active"]],
    [due + 2 * DAY, ["RS256 retired", "ES256 active", "RS256 active"]],
  ];
  for (const [now, expected] of steps) {
    ring = turn(ring, now, schedule);
    t.strictSame(names(ring), expected);
    t.equal(signingKey(ring, schedule)?.algorithm, "ES256");
    t.equal(turn(ring, now, schedule), ring);
  }
});

await t.test("a former algorithm signs until the set one may, and ends with time for other replicas", async (t) => {
  const readAt = START + 10 * DAY;
  const schedule = { ...scheduleOf(undefined, 3600, 86_400, "EdDSA"), readAt };
  const signs = (keys: StoredKey[]) => signingKey(keys, schedule)?.algorithm;
  let ring = [aKey("active", START), aKey("active", START, "ES256"), aKey("staged", START, "ES256")];
  ring = turn(ring, readAt, schedule);
  t.strictSame(ring.map(({ algorithm, state }) => `${algorithm} ${state}`),
    ["RS256 active", "ES256 active", "EdDSA staged"], "what was staged never signs");
  t.equal(signs(ring), "ES256", "not the key for ID tokens");
  t.equal(turn(ring, readAt + schedule.lead - 1, schedule), ring);
  ring = turn(ring, readAt + schedule.lead, schedule);
  t.strictSame(ring.map(({ algorithm, state }) => `${algorithm} ${state}`),
    ["RS256 active", "ES256 retired", "EdDSA active"]);
  t.equal(signs(ring), "EdDSA");
  const back = { ...scheduleOf(undefined, 3600, 86_400, "RS256"), readAt: readAt + 5 * DAY };
  t.equal(signingKey(ring, back)?.algorithm, "RS256", "everybody knows its key");
  t.equal(advance(ring.filter(({ state }) => state === "active"), back.readAt, back).length, 2);
  t.strictSame(advance(ring.filter(({ state }) => state === "active"), back.readAt + back.lead, back)
    .map(({ state }) => state), ["active", "retired"]);
  const newer = { ...back, readAt: readAt - 1 };
  t.equal(advance(ring, readAt + 5 * DAY, newer).filter(({ state }) => state === "active").length, 2,
    "a key that is younger than this replica's settings stays");
});

await t.test("rotation by hand alone: nothing is staged unasked, and what was staged signs in time", async (t) => {
  const byHand = scheduleOf(undefined, 3600, 86_400);
  const ring = [aKey("active", START)];
  t.strictSame(states(turn(ring, START + 1000 * DAY, byHand)), states(ring));
  const asked = [...ring, aKey("staged", START)];
  t.strictSame(turn(asked, START + byHand.lead, byHand).map(({ state }) => state), ["retired", "active"]);
});

await t.test("a lower AUTHFLOW_TOKEN_TTL_MAX does not cut off the tokens of the higher one", async (t) => {
  const [high, low] = [scheduleOf(7_776_000, 3600, 86_400), scheduleOf(7_776_000, 3600, 60)];
  const [known] = advance([aKey("active", START)], START, high);
  t.equal(advance([known as StoredKey], START, low)[0], known);
  const retired: StoredKey = { ...known as StoredKey, state: "retired", retiredAt: START };
  t.equal(leavesAt(retired, low), START + DAY + CLOCK_TOLERANCE);
  t.equal(longestTtlOf(known as StoredKey, low), DAY / 1000);
  t.equal(longestTtlOf(aKey("staged", START), high), DAY / 1000, "a staged key will sign for the set one");
  t.equal(leavesAt({ ...retired, longestTtl: null }, low), START + MINUTE + CLOCK_TOLERANCE, "unless nobody noted it");
});

await t.test("an imported key stays for as long as the longest token of the other service may live", async (t) => {
  const one = aKey("active", START);
  const imports = (longestTtl: number): Schedule => ({ ...SETTINGS, imported: { kid: one.kid, longestTtl } });
  const [known] = advance([one], START, imports(30 * DAY / 1000)) as [StoredKey];
  t.equal(known.longestTtl, 30 * DAY / 1000, "noted");
  t.equal(longestTtlOf(known, SETTINGS), 30 * DAY / 1000, "also when it is no longer imported");
  const retired: StoredKey = { ...known, state: "retired", retiredAt: START };
  t.equal(leavesAt(retired, SETTINGS), START + 30 * DAY + CLOCK_TOLERANCE);
  t.equal(advance([retired], START, imports(1))[0], retired, "a lower setting changes nothing");
  const [raised] = advance([retired], START, imports(40 * DAY / 1000)) as [StoredKey];
  t.equal(raised.longestTtl, 40 * DAY / 1000, "a higher one does, also after it was replaced");
  t.equal(longestTtlOf({ ...one, longestTtl: null }, imports(1)), DAY / 1000, "it signs for this installation, too");
});
