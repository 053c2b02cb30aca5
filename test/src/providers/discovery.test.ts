import { createServer } from "node:http";
import t from "../../support/tap.js";
import { Discovery } from "../../../src/providers/discovery.js";
import { connectUpstreams } from "../../../src/upstream/connect.js";
import { manualClock } from "../../support/app.js";
import { listen } from "../../support/openid.js";
import type { Suite } from "../../support/services.js";

const HOUR = 3600;

/** A provider's document at a real server, which answers `statuses` one after the other and then 200. */
async function discovery(t: Suite) {
  const server = createServer((_request, response) => {
    state.requests += 1;
    const status = state.statuses.shift() ?? 200;
    const document = {
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token/${state.version}`,
      jwks_uri: `${issuer}/jwks`,
    };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
  });
  const state = { requests: 0, statuses: [] as number[], version: 1 };
  const issuer = `http://localhost:${await listen(t, server)}`;
  const { clock, advance } = manualClock();
  const upstream = connectUpstreams(clock)([issuer]);
  return { state, advance, subject: new Discovery({ upstream, issuer, accepts: (named) => named === issuer, clock }) };
}
const DOWN = { name: "UpstreamError", kind: "unreachable" };

await t.test("one request serves all who ask at once, and everybody for an hour", async (t) => {
  const { state, advance, subject } = await discovery(t);
  t.equal(state.requests, 0, "nothing is asked before a login needs it");
  const answers = await Promise.all(Array.from({ length: 20 }, () => subject.metadata()));
  t.equal(new Set(answers).size, 1);
  advance(HOUR - 1);
  await subject.metadata();
  t.equal(state.requests, 1);
  state.version = 2;
  advance(1);
  t.match((await subject.metadata()).token_endpoint, /2$/, "then it is asked again");
  t.equal(state.requests, 2);
});

await t.test("a hiccup costs no login", async (t) => {
  const { state, subject } = await discovery(t);
  state.statuses.push(503);
  t.match(await subject.metadata(), { token_endpoint: /^http/ });
  t.equal(state.requests, 2);
});

await t.test("an upstream that is down is left alone for a second, and found when it is back", async (t) => {
  const { state, advance, subject } = await discovery(t);
  state.statuses.push(503, 503);
  const failures = await Promise.allSettled(Array.from({ length: 20 }, () => subject.metadata()));
  t.ok(failures.every(({ status }) => status === "rejected"));
  t.equal(state.requests, 2, "twice for all of them together");
  await t.rejects(subject.metadata(), DOWN);
  t.equal(state.requests, 2, "it is not asked during the second");
  advance(1);
  t.match(await subject.metadata(), { token_endpoint: /^http/ });
});

await t.test("an earlier answer serves while the upstream is down, which is asked once a second", async (t) => {
  const { state, advance, subject } = await discovery(t);
  const earlier = await subject.metadata();
  advance(HOUR);
  state.version = 2;
  state.statuses.push(500, 500, 404, 404);
  for (const requests of [3, 3, 5]) {
    t.equal(await subject.metadata(), earlier);
    t.equal(state.requests, requests);
    if (requests === 3) advance(0.5);
  }
  advance(1);
  t.match((await subject.metadata()).token_endpoint, /2$/);
});
