import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t from "../support/tap.js";
import { serve } from "../support/serve.js";
import { sqlite } from "../support/services.js";
import { claimsOf, headerOf, hostileTokens, newKey, pem, signed } from "./forged-tokens.js";
import { post } from "./post.js";
import { findVerifiers, startVerifiers, type Verifier } from "./verifiers.js";

/** Seconds: the examples fetch keys again for an unknown kid no sooner than this after the last time. */
const REFETCH_AFTER = 1;

const [first, second, foreign] = [newKey(), newKey(), newKey()];
const DATABASE_URL = sqlite(t);
let server = await serve(t, { DATABASE_URL, AUTHFLOW_SIGNING_KEY: pem(first) });

// The verifiers reach Authflow through this proxy, which counts how often they fetch the keys.
let fetches = 0;
const proxy = createServer(({ url = "", headers: { authorization } }, reply) => {
  if (url === "/.well-known/jwks.json") fetches++;
  fetch(server.url + url, { headers: { ...(authorization && { authorization }) } })
    .then(async (response) => reply.writeHead(response.status).end(await response.text()))
    .catch(() => reply.writeHead(502).end());
}).listen(0, "127.0.0.1");
await new Promise((resolve) => proxy.once("listening", resolve));
t.teardown(() => { proxy.close(); proxy.closeAllConnections(); });
const AUTHFLOW_URL = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

const registration = { name: "docs", redirect_uri: "https://docs.example/callback" };
const { client_id, client_secret } = await post(`${server.url}/clients`, registration);
const mint = async (more = {}): Promise<string> => {
  const { access_token = "" } = await post(`${server.url}/mint`, { client_id, client_secret, sub: "alice", ...more });
  return access_token;
};

const live = await mint();
const [header, claims] = [headerOf(live), claimsOf(live)];
const HOSTILE = {
  ...hostileTokens(live, first),
  "a minted token for another service": await mint({ audience: "shop" }),
};

let verifiers: Verifier[] = [];
let commands: Awaited<ReturnType<typeof findVerifiers>> = {};
await t.test("the examples start", async (starting) => {
  commands = await findVerifiers(starting, "verify");
  verifiers = await startVerifiers(t, commands,
    { AUTHFLOW_URL, AUTHFLOW_REFETCH_AFTER: String(REFETCH_AFTER), AUTHFLOW_AUDIENCE: "orders" });
});

for (const { language, ask } of verifiers) {
  await t.test(language, async (t) => {
    t.equal(await ask(live), "ok alice", "accepts a live token");
    const ahead = { ...claims, iat: Math.floor(Date.now() / 1000) + 60 };
    t.equal(await ask(signed(header, ahead, first)), "ok alice", "also one of an issuer whose clock is ahead");
    t.equal(await ask(`live ${live}`), "ok alice", "and its live check does too");
    t.equal(await ask(await mint({ audience: "orders" })), "ok alice", "accepts a token for this service");
    t.equal(await ask(await mint({ audience: ["shop", "orders"] })), "ok alice", "and one that is for others too");
    t.match(await ask(await mint({ audience: "shop" })), /^refused .*for shop: set AUTHFLOW_AUDIENCE if that is you/);
    const revoked = await mint();
    await post(`${server.url}/logout`, {}, revoked);
    t.equal(await ask(revoked), "ok alice", "local verification can't see a logout");
    t.match(await ask(`live ${revoked}`), /^refused .*revoked/, "the live check refuses it at once");
    const before = fetches;
    for (let i = 0; i < 20; i++) await ask(live);
    t.equal(fetches, before, "keeps the keys");
    for (const [name, token] of Object.entries(HOSTILE)) t.match(await ask(token), /^refused /, `refuses ${name}`);
  });
}

await t.test("the signing key changes", async (t) => {
  await server.stop();
  server = await serve(t, { DATABASE_URL, AUTHFLOW_SIGNING_KEY: pem(second) });
  const renewed = await mint();
  t.not(headerOf(renewed).kid, header.kid, "new tokens have another kid");
  for (const { language, ask, askUntil } of verifiers) {
    const before = fetches;
    t.equal(await askUntil(renewed, /^ok /), "ok alice", `${language} fetches the new key without a restart`);
    t.equal(await ask(live), "ok alice", `${language} goes on accepting tokens of the old key`);
    t.equal(fetches, before + 1, `${language} fetched once`);
    const began = performance.now();
    for (let i = 0; i < 20; i++) {
      t.match(await ask(signed({ ...header, kid: `invented-${i}` }, claims, foreign)), /^refused /);
    }
    const allowed = 2 + Math.floor((performance.now() - began) / 1000 / REFETCH_AFTER);
    if (language !== "Python") t.ok(fetches <= before + allowed, `${language} can't be made to fetch by invented kids`);
  }
  await server.stop();
  for (const { language, ask } of verifiers) {
    t.equal(await ask(live), "ok alice", `${language} verifies while Authflow is down`);
    t.match(await ask(`live ${live}`), /^unknown /, `${language} says that it can't know`);
  }
  for (const AUTHFLOW of [AUTHFLOW_URL, "http://127.0.0.1:1"]) {
    for (const { language, ask } of await startVerifiers(t, commands, { AUTHFLOW_URL: AUTHFLOW }))
      t.match(await ask(live), /^unknown /, `${language} can't know without the keys, at ${AUTHFLOW}`);
  }
});
