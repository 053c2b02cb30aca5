import t, { type Test } from "../support/tap.js";
import { uuidv7 } from "../../src/shared/uuid.js";
import { freePort } from "../support/ports.js";
import { startServer } from "../support/process.js";
import { registration } from "../support/registration.js";
import { temporaryFolder } from "../support/services.js";
import { countingProxy } from "./counting-proxy.js";
import { claimsOf, headerOf, hostileTokens, newKey, pem, signed } from "./forged-tokens.js";
import { post } from "./post.js";
import { findVerifiers, startVerifiers, type Verifier } from "./verifiers.js";

const ADMIN_TOKEN = "admin-token-of-the-verifiers-0123456789";
const [OK, REVOKED, UNKNOWN] = [/^ok /, /^refused .*revoked/, /^unknown /];
const STREAM = "/revocations/stream";
const JWKS = "GET /.well-known/jwks.json";
/** Seconds: the examples fetch the keys for an unknown kid no sooner than this after the last time. */
const REFETCH_AFTER = 1;

const [key, foreign] = [newKey(), newKey()];
const home = {
  CWD: temporaryFolder(t), PORT: String(await freePort()),
  AUTHFLOW_ADMIN_TOKEN: ADMIN_TOKEN, AUTHFLOW_SIGNING_KEY: pem(key),
};
const serve = () => startServer(t, home);
let server = await serve();

const register = () => post(`${server.url}/clients`, registration(), ADMIN_TOKEN);
const [client, kiosk] = [await register(), await register()];
const mint = async (more = {}, { client_id, client_secret } = client): Promise<string> => {
  const { access_token = "" } = await post(`${server.url}/mint`, { client_id, client_secret, sub: "alice", ...more });
  return access_token;
};
const logout = async (token: string): Promise<void> => {
  const { revoked } = await post(`${server.url}/logout`, {}, token);
  if (!revoked) throw new Error("The logout failed");
};

// `patient` wait through silence as long as by default; `closed` and `open` notice it soon, and refuse or accept then.
const [steady, shaky] = [await countingProxy(t, server.url), await countingProxy(t, server.url)];
shaky.held = STREAM;
const settings = {
  AUTHFLOW_CLIENT_ID: client.client_id ?? "", AUTHFLOW_CLIENT_SECRET: client.client_secret ?? "",
  AUTHFLOW_REFETCH_AFTER: String(REFETCH_AFTER), AUTHFLOW_RECONNECT_WITHIN: "0.5", AUTHFLOW_AUDIENCE: "orders",
};
const impatient = { ...settings, AUTHFLOW_URL: shaky.url, AUTHFLOW_STALE_AFTER: "1.5" };
let [patient, closed, open]: [Verifier[], Verifier[], Verifier[]] = [[], [], []];
/** Asks all at once. */
const each = (verifiers: Verifier[], ask: (verifier: Verifier) => Promise<void>) => Promise.all(verifiers.map(ask));
/** What all of them have to answer sooner or later. */
const expect = (t: Test, token: string, wanted: RegExp, why: string, verifiers = patient): Promise<unknown> =>
  each(verifiers, async ({ language, askUntil }) => {
    t.match(await askUntil(token, wanted), wanted, `${language}: ${why}`);
  });

const live = await mint();
const [header, claims] = [headerOf(live), claimsOf(live)];
const HOSTILE = {
  ...hostileTokens(live, key),
  "a token of another kind": signed({ ...header, typ: "statuslist+jwt" }, claims, key),
  "a token of no kind": signed({ ...header, typ: undefined }, claims, key),
  "a token with a critical extension": signed({ ...header, crit: ["exp"] }, claims, key),
  "a token that names no key": signed({ ...header, kid: undefined }, claims, key),
  "a token without jti": signed(header, { ...claims, jti: undefined }, key),
  "a token that was never issued": signed(header, { ...claims, iat: undefined }, key),
  "another algorithm of the same key": signed({ ...header, alg: "rs256" }, claims, key),
};

await t.test("the examples start", async (starting) => {
  const commands = await findVerifiers(starting, "feed");
  [patient, closed, open] = await Promise.all([
    startVerifiers(t, commands, { ...settings, AUTHFLOW_URL: steady.url }),
    startVerifiers(t, commands, impatient),
    startVerifiers(t, commands, { ...impatient, AUTHFLOW_WHEN_STALE: "open" }),
  ]);
});

await t.test("tokens", async (t) => {
  await expect(t, live, OK, "accepts a live token");
  const [ours, theirs] = [await mint({ audience: ["shop", "orders"] }), await mint({ audience: "shop" })];
  await each(patient, async ({ language, ask }) => {
    t.match(await ask(ours), OK, `${language} accepts a token for this service`);
    t.match(await ask(theirs), /^refused .*for shop: set AUTHFLOW_AUDIENCE if that is you/, language);
    for (const [name, token] of Object.entries(HOSTILE)) {
      t.match(await ask(token), /^refused /, `${language} refuses ${name}`);
    }
  });
  const before = steady.seen.length;
  await each(patient, async ({ language, ask }) => {
    for (let i = 0; i < 20; i++) t.equal(await ask(live), "ok alice", language);
  });
  t.equal(steady.seen.length, before, "no example asks for each token");
});

await t.test("invented keys", async (t) => {
  const count = (): number => steady.seen.filter((request) => request === JWKS).length;
  const [before, began] = [count(), Date.now()];
  await each(patient, async ({ language, ask }) => {
    for (let i = 0; i < 20; i++) {
      t.match(await ask(signed({ ...header, kid: `invented-${i}` }, claims, foreign)), /^refused /, language);
    }
  });
  const allowed = 1 + Math.floor((Date.now() - began) / 1000 / REFETCH_AFTER);
  t.ok(count() - before <= allowed * patient.length, `${count() - before} fetches for ${20 * patient.length} tokens`);
});

await t.test("a logout", async (t) => {
  const token = await mint();
  await expect(t, token, OK, "accepts it");
  const before = steady.seen.length;
  await logout(token);
  await expect(t, token, REVOKED, "refuses it without asking");
  await expect(t, live, OK, "and no other");
  t.equal(steady.seen.length, before, "no example asks");
});

await t.test("logged out everywhere", async (t) => {
  const [sub, now] = ["zoë|1", Math.floor(Date.now() / 1000)];
  const forged = (jti: string): string => signed(header, { ...claims, sub, jti, iat: now - 5 }, key);
  const minted = [await mint({ sub }), await mint({ sub }, kiosk)];
  const old = [...minted, forged("opaque"), forged(uuidv7(Date.now() + 86_400_000))];
  for (const token of old) await expect(t, token, OK, "accepts it");
  const response = await fetch(`${server.url}/revocations`, {
    method: "POST", body: JSON.stringify({ sub }),
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64")}`,
    },
  });
  t.equal(response.status, 200);
  const next = await mint({ sub });
  for (const token of old) await expect(t, token, REVOKED, "refuses what was issued before");
  await expect(t, next, OK, "accepts what was minted after the answer");
  const [ours, theirs] = [await mint(), await mint({}, kiosk)];
  await post(`${server.url}/clients/${kiosk.client_id}/revoke-tokens`, {}, ADMIN_TOKEN);
  await expect(t, theirs, REVOKED, "refuses what a client got");
  await expect(t, ours, OK, "and nothing of another");
});

await t.test("a session that ended", async (t) => {
  const end = async (payload: object): Promise<void> => {
    const { revoked } = await post(`${server.url}/revocations`, payload, ADMIN_TOKEN);
    if (!revoked) throw new Error("The session did not end");
  };
  const [first, second] = ["session:1 ë", "session 2"];
  const [ours, theirs, other] =
    [await mint({ sid: first }), await mint({ sid: first }, kiosk), await mint({ sid: second }, kiosk)];
  await end({ sid: first, client_id: kiosk.client_id });
  await expect(t, theirs, REVOKED, "refuses what a client got in it");
  await expect(t, ours, OK, "and nothing of another client");
  await end({ sid: first });
  await expect(t, ours, REVOKED, "refuses what anybody got in it");
  await expect(t, other, OK, "and nothing of another session");
  await expect(t, await mint({ sid: first }), OK, "nor what was minted after the answer");
});

await t.test("a feed that is dead, but not closed", async (t) => {
  await expect(t, live, UNKNOWN, "closed: has received nothing yet", closed);
  await expect(t, live, OK, "open: accepts by the signature alone", open);
  shaky.held = undefined;
  const [known, missed] = [await mint(), await mint()];
  await expect(t, known, OK, "is up to date", [...closed, ...open]);
  await logout(known);
  await expect(t, known, REVOKED, "learns of a logout", [...closed, ...open]);
  shaky.held = STREAM;
  await logout(missed);
  await expect(t, missed, UNKNOWN, "closed: knows that it can't know", closed);
  await each(open, async ({ language, ask }) => {
    t.equal(await ask(missed), "ok alice", `${language}, open: accepts it nevertheless`);
  });
  await expect(t, known, REVOKED, "refuses what it knows to be revoked", [...closed, ...open]);
  shaky.held = undefined;
  await expect(t, missed, REVOKED, "learns of what it missed", [...closed, ...open]);
  await expect(t, live, OK, "accepts the others again", [...closed, ...open]);
});

await t.test("Authflow is out of reach, and killed", async (t) => {
  const [first, second] = [await mint(), await mint()];
  const before = steady.resumed.length;
  steady.stop();
  await logout(first);
  await expect(t, live, OK, "verifies on its own");
  await steady.start();
  await expect(t, first, REVOKED, "learns of what happened meanwhile");
  t.ok(steady.resumed.slice(before).every((id) => id !== undefined), "goes on where they were");
  await server.kill();
  await expect(t, live, OK, "verifies on its own");
  server = await serve();
  await logout(second);
  await expect(t, second, REVOKED, "learns of a logout after the restart");
});

await t.test("a revoked key", async (t) => {
  await post(`${server.url}/keys/${String(header.kid)}/revoke`, {}, ADMIN_TOKEN);
  const later = Math.floor(Date.now() / 1000) + 60;
  const forged = signed(header, { ...claims, jti: uuidv7(later * 1000), iat: later, exp: later + 600 }, key);
  await expect(t, live, REVOKED, "refuses what it signed");
  await expect(t, forged, REVOKED, "refuses what it signs from now on");
  const renewed = await mint();
  t.not(headerOf(renewed).kid, header.kid);
  await expect(t, renewed, OK, "accepts what the next one signs");
});
