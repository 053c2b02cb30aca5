import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import t from "../support/tap.js";
import { decode, REDIRECT_URI, type TestApp, testApp } from "../support/app.js";
import * as bad from "../support/bad-replies.js";
import { type LyingUpstream, lyingUpstreams } from "../support/lying-upstream.js";
import { listen } from "../support/openid.js";
import { UserAgent, type Visited } from "../support/user-agent.js";
import { type Hostile, hostileAnswers } from "./hostile-answers.js";
import { hostileIdTokens, REPLAYED } from "./hostile-id-tokens.js";
import { hostileMetadata, OTHER_ISSUER } from "./hostile-metadata.js";

/** Nobody may ask this server: it stands for the private network. */
const sentinel = createServer((request, response) => {
  t.fail(`the private network was asked for ${request.url}`);
  response.end("{}");
});
const port = String(await listen(t, sentinel));
const elsewhere = `http://127.0.0.1:${port}`;

type Case = [name: string, Hostile];
const idTokens = Object.entries(hostileIdTokens(elsewhere)).map(([name, lies]): Case =>
  [`an id_token ${name}`, { lies, error: "server_error" }]);
const others = { ...hostileMetadata(port), ...hostileAnswers(elsewhere) };
const CASES: Case[] = [...idTokens, ...Object.entries(others)];
/** They take as long as Authflow waits: all at once. */
const isSlow = ([name]: Case): boolean => name.endsWith("silence");

let hurried = 0;
const { upstreams, settings } = await lyingUpstreams(t, ["honest", ...CASES.map((_, i) => `liar${i}`)]);
const [honest, ...liars] = upstreams as [LyingUpstream, ...LyingUpstream[]];
const app = await testApp(t, settings, { clock: () => Date.now() + hurried });
const client = await app.register();

/** One login in a browser of its own, up to the application. */
function logIn({ name }: LyingUpstream, type = "token"): Promise<Visited> {
  const query = new URLSearchParams({
    client_id: client.client_id, redirect_uri: REDIRECT_URI, response_type: type, state: `state-${name}`,
  });
  return new UserAgent(app).open(`http://localhost:8080/auth/${name}?${query.toString()}`);
}

const answerIn = ({ url }: Visited): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(url.hash === "" ? url.search : url.hash.slice(1)));
const succeeds = async (upstream: LyingUpstream, type = "token"): Promise<boolean> =>
  (type === "token" ? "access_token" : "code") in answerIn(await logIn(upstream, type));

/** What the log says, decoded: no control character may hide in it. */
const logOf = ({ logs }: TestApp) => logs.map((line) => JSON.parse(line) as { err?: { message: string } });

/** A few at a time: so many floods at once would be a test of this machine. */
async function inTurn<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(Array.from({ length: 8 }, async () => { for (const item of queue) await work(item); }));
}

const results = new Map<string, Visited>();
async function run(one: Case): Promise<void> {
  const [name, { lies }] = one;
  const index = CASES.indexOf(one);
  const upstream = liars[index] as LyingUpstream;
  upstream.lies = lies;
  if (name.endsWith(REPLAYED)) await logIn(upstream);
  results.set(name, await logIn(upstream, index % 2 === 0 ? "token" : "code"));
}

await t.test("a truthful login succeeds", async (t) => {
  t.ok(await succeeds(honest, "token"));
  t.ok(await succeeds(honest, "code"));
});

await t.test("a truthful login succeeds while others hang", async (t) => {
  const slow = CASES.filter(isSlow);
  const asked = slow.map((one) => {
    const place = one[0].split(":")[0] as "token";
    return (liars[CASES.indexOf(one)] as LyingUpstream).asked(place);
  });
  const hanging = Promise.all(slow.map(run));
  await Promise.all(asked);
  t.ok(await succeeds(honest));
  t.equal(results.size, 0, "none of them is through");
  t.equal((await app.call("GET", "/health/live")).status, 200);
  await hanging;
  t.equal(results.size, slow.length);
});

await t.test("each of the others is over at once", async (t) => {
  const quick = CASES.filter((one) => !isSlow(one));
  await inTurn(quick, run);
  t.equal(results.size, CASES.length);
});

const logged = app.logs.join("");
const unquoted = logged.replaceAll(/\\"[^"\\]*\\"/g, "");
for (const [i, [name, { error }]] of CASES.entries()) {
  t.test(name, async (t) => {
    const { canary, secrets } = liars[i] as LyingUpstream;
    const visited = results.get(name) as Visited;
    t.ok(visited.url.href.startsWith(REDIRECT_URI), "the browser is back at the application");
    t.match(answerIn(visited), { error, error_description: /^[ -~]{10,200}$/, state: `state-liar${i}` });
    t.strictSame(Object.keys(answerIn(visited)).sort(), ["error", "error_description", "state"], "with nothing else");
    const shown = visited.url.href + visited.text;
    t.strictSame([canary, ...secrets].filter((secret) => shown.includes(secret)), [], "nothing of upstream's shows");
    t.notOk(unquoted.includes(canary), "the log quotes its issuer and its explanation, and nothing else");
    t.strictSame(secrets.filter((secret) => logged.includes(secret)), []);
  });
}

await t.test("what the log says of it is short and can't forge a line", async (t) => {
  const failures = logOf(app).flatMap(({ err }) => (err === undefined ? [] : [err.message]));
  const cancelled = app.logs.filter((line) => line.includes("was cancelled or refused")).length;
  t.ok(failures.length + cancelled >= CASES.length, "each failure is in the log");
  t.strictSame(failures.filter((message) => !/^[ -~]{10,400}$/.test(message)), []);
  t.ok(failures.some((message) => message.includes("invalid_scope")), "an operator reads the upstream's error code");
});

await t.test("the log names both issuers that differ", async (t) => {
  const issuers = liars.filter(({ name }) => app.logs.some((line) => {
    const { err, provider } = JSON.parse(line) as { err?: { message: string }; provider?: string };
    const both = [OTHER_ISSUER, honest.issuer.replace("honest", name)];
    return provider === name && both.every((issuer) => err?.message.includes(`"${issuer}"`));
  }));
  t.equal(issuers.length, CASES.filter(([name]) => /another (issuer|provider)/.test(name)).length);
});

await t.test("a provider that lied and answers the truth again logs people in again", async (t) => {
  hurried = 2000; // a failed discovery is not repeated for a second
  const converted = liars.filter((_, i) => CASES[i]?.[1].lasts !== true);
  for (const liar of converted) liar.lies = {};
  t.ok(converted.length > CASES.length / 2);
  await inTurn(converted, async (liar) => { t.ok(await succeeds(liar), liar.name); });
  t.ok(await succeeds(honest));
  t.equal((await app.call("GET", "/health/live")).status, 200);
});

await t.test("an answer that was given up can't grow until it ends the process", async (t) => {
  for (const place of ["token", "userinfo"] as const) {
    const stuck: ServerResponse[] = [];
    // Without an address in the ID token, the userinfo endpoint is asked.
    honest.lies = { claims: (truth) => ({ ...truth, email: undefined }), [place]: bad.stall(stuck) };
    t.match(answerIn(await logIn(honest)), { error: "temporarily_unavailable" });
    const [response] = stuck as [ServerResponse];
    if (!response.closed) {
      response.on("error", () => undefined).write(" ".repeat(4 * 1024 * 1024));
      await once(response, "close");
    }
    honest.lies = {};
    t.ok(await succeeds(honest), "Authflow hung up, and goes on");
  }
});

await t.test("an address goes with its own verification, and the id_token before userinfo", async (t) => {
  const claimsOf = async (lies: LyingUpstream["lies"]) => {
    honest.lies = lies;
    return decode(answerIn(await logIn(honest)).access_token as string);
  };
  const email = "id@example.com";
  t.match(await claimsOf({
    claims: (truth) => ({ ...truth, email, email_verified: false, name: undefined }),
    userinfo: (truth) => ({ ...truth as object, email, email_verified: true }),
  }), { email, email_verified: false }, "userinfo does not verify the address of the id_token");
  t.match(await claimsOf({
    claims: (truth) => ({ ...truth, email, name: undefined }),
    userinfo: (truth) => ({ ...truth as object, email: "other@example.com", name: "Alice" }),
  }), { email, email_verified: true, name: "Alice" }, "userinfo does not replace the address of the id_token");
  t.match(await claimsOf({
    claims: (truth) => ({ ...truth, email: undefined, email_verified: true }),
    userinfo: (truth) => ({ ...truth as object, email: "other@example.com", email_verified: undefined }),
  }), { email: "other@example.com", email_verified: false }, "the id_token does not verify the address of userinfo");
  honest.lies = {};
});

await t.test("a browser that comes back with what is no answer sees a page", async (t) => {
  const responses: Record<string, NonNullable<LyingUpstream["lies"]["response"]>> = {
    "without state": ({ code = "" }) => ({ code }),
    "with neither code nor error": ({ state = "" }, { canary }) => ({ state, error_description: canary }),
    "with another state": (truth, { canary }) => ({ ...truth, state: canary }),
    "with two states": (truth, { canary }) => [...Object.entries(truth), ["state", canary]],
    "with a very long error": (truth, { canary }) => ({ ...truth, error: canary.repeat(200) }),
    "with a very long code": (truth, { canary }) => ({ ...truth, code: canary.repeat(200) }),
  };
  for (const [name, response] of Object.entries(responses)) {
    honest.lies = { response };
    const { url, status, headers, text } = await logIn(honest);
    t.equal(url.pathname, "/auth/honest/callback", name);
    t.equal(status, name.endsWith("state") && !name.includes("two") ? 410 : 400, name);
    t.match(headers.get("content-type"), /^text\/html/);
    t.notMatch(text + app.logs.join(""), honest.canary);
  }
});
