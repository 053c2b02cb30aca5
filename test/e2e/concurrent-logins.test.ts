import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { OAuth2Server } from "oauth2-mock-server";
import t from "../support/tap.js";
import { basic, type Credentials, decode, onEveryBackend, testApp } from "../support/app.js";
import { openIdSettings } from "../support/openid.js";
import type { Suite } from "../support/services.js";
import { UserAgent } from "../support/user-agent.js";

/** On each backend: a thousand in all. */
const LOGINS = 500;
/** Requests on their way at any moment. */
const REQUESTS = 40;
/** Upstream and browsers share this process and a busy machine, on which an answer may take long. */
const timing = { upstreamTimeout: 60_000 };
const CLIENTS = 5;

/** A real OpenID provider (npm oauth2-mock-server) that approves at once: the user is who the browser's cookie says. */
async function fastUpstream(t: Suite): Promise<string> {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("ES256"); // signs in a fraction of the time that RSA takes
  await server.start(0, "localhost");
  t.teardown(() => server.stop());
  const users = new Map<string, string>();
  server.service.on("beforeAuthorizeRedirect", ({ url }: { url: URL }, { headers }: IncomingMessage) => {
    users.set(url.searchParams.get("code") ?? "", /user=([^;]+)/.exec(headers.cookie ?? "")?.[1] ?? "");
  });
  server.service.on("beforeTokenSigning",
    ({ payload }: { payload: Record<string, unknown> }, { body: { code } }: { body: { code: string } }) => {
      const user = users.get(code);
      Object.assign(payload, { sub: user, email: `${user}@example.com`, name: user });
    });
  server.service.on("beforeUserinfo", (answer: { body: object }, { headers }: IncomingMessage) => {
    answer.body = decode(headers.authorization?.slice("Bearer ".length) ?? "");
  });
  return server.issuer.url as string;
}

async function inTurn<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const [queue, results] = [items.values(), [] as Result[]];
  await Promise.all(Array.from({ length: REQUESTS }, async () => {
    for (const item of queue) results.push(await work(item));
  }));
  return results;
}

await onEveryBackend(t, async (t, env) => {
  const issuer = await fastUpstream(t);
  const app = await testApp(t, {
    ...env, ...openIdSettings("corp", issuer), LOG_LEVEL: "warn", AUTHFLOW_RATE_LIMIT_LOGIN: "100000",
    AUTHFLOW_SIGNING_ALGORITHM: "ES256",
  }, { timing });
  const redirectUri = (i: number): string => `https://app-${i}.example.com/callback`;
  const clients: Credentials[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await app.register({ redirect_uri: redirectUri(i) }));

  /** The browser of user `i` goes to Authflow and to the upstream, and is about to come back. */
  const begin = async (i: number) => {
    const [user, state, responseType] = [`user-${i}`, randomUUID(), i % 2 === 0 ? "token" : "code"];
    const client = clients[i % CLIENTS] as Credentials;
    const agent = new UserAgent(app);
    agent.cookies.set("localhost", new Map([["user", user]]));
    const query = new URLSearchParams({
      client_id: client.client_id, redirect_uri: redirectUri(i % CLIENTS), response_type: responseType, state,
    });
    const start = await agent.once(new URL(`http://localhost:8080/auth/corp?${query.toString()}`));
    const approved = await agent.once(new URL(start.headers.get("location") ?? ""));
    return { i, user, state, responseType, client, agent, callback: approved.headers.get("location") ?? "" };
  };
  /** What is wrong with how it ends: at its own client, with its own state and token, or else. */
  const finish = async (begun: Awaited<ReturnType<typeof begin>>) => {
    const { i, user, state, responseType, client, agent, callback } = begun;
    const { url } = await agent.open(callback);
    const result = new URLSearchParams(responseType === "token" ? url.hash.slice(1) : url.search);
    const code = result.get("code");
    const token = code === null ? result.get("access_token") : await exchange(code, client, redirectUri(i % CLIENTS));
    const claims = token == null ? {} : decode(token);
    const expected: [string, unknown, unknown][] = [
      ["redirect_uri", url.origin + url.pathname, redirectUri(i % CLIENTS)], ["state", result.get("state"), state],
      ["error", result.get("error"), null], ["kind of result", code === null, responseType === "token"],
      ["sub", claims.sub, `corp|${user}`], ["email", claims.email, `${user}@example.com`],
      ["client_id", claims.client_id, client.client_id],
    ];
    return expected.flatMap(([name, found, wanted]) =>
      (found === wanted ? [] : [`${user}: ${name} is ${String(found)}, not ${String(wanted)}`]));
  };
  const exchange = async (code: string, client: Credentials, uri: string): Promise<string | undefined> => {
    const { body } = await app.call("POST", "/token", {
      headers: { ...basic(client), "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: uri }).toString(),
    });
    return body.access_token as string | undefined;
  };

  const begun = await inTurn(Array.from({ length: LOGINS }, (_, i) => i), begin);
  t.equal(new Set(begun.map(({ callback }) => callback)).size, LOGINS, "all of them are under way at once");
  // In another order than they began, and each kind among the others.
  const faults = await inTurn(begun.sort((a, b) => (a.state < b.state ? -1 : 1)), finish);
  t.equal(faults.length, LOGINS);
  t.strictSame(faults.flat().slice(0, 10), [], "none is crossed, none is lost");
  const unexpected = app.logs.filter((line) => !line.includes("Redis does not persist")); // the tests' one may not
  t.strictSame(unexpected.slice(0, 5), [], "and nothing went wrong on the way");
});
