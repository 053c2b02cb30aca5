import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { OAuth2Server } from "oauth2-mock-server";
import Provider, { type Configuration } from "oidc-provider";
import type { Suite } from "./services.js";
import { UserAgent, type Visited } from "./user-agent.js";

export const UPSTREAM_CLIENT = { client_id: "authflow-at-upstream", client_secret: "upstream-secret-0123456789abcdef" };

export interface OpenIdUpstream { issuer: string; server: Server; settings: Record<string, string> }

/** A server on a port of its own, closed afterwards. */
export async function listen(t: Suite, server: Server): Promise<number> {
  server.keepAliveTimeout = 0; // never: fetch would use a connection in the moment in which the server closes it
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => { server.closeAllConnections(); server.close(); });
  return (server.address() as AddressInfo).port;
}

/**
 * A real OpenID provider (npm oidc-provider) with its own login page, where any name logs in: `alice` is
 * alice@example.com. `settings` are Authflow's for it, under `name`.
 */
export async function openIdUpstream(
  t: Suite,
  { name = "corp", callbacks, configuration = {} }: {
    name?: string; callbacks: string[]; configuration?: Configuration;
  },
): Promise<OpenIdUpstream> {
  const server = createServer();
  const issuer = `http://localhost:${await listen(t, server)}`;
  const provider = new Provider(issuer, {
    clients: [{
      ...UPSTREAM_CLIENT, redirect_uris: callbacks, response_types: ["code"], grant_types: ["authorization_code"],
    }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({
        sub: id, email: `${id}@example.com`, email_verified: true,
        name: `The ${id}`, picture: `https://example.com/${id}.png`,
      }),
    }),
    pkce: { required: () => true },
    cookies: { keys: ["a-key-of-the-tests"] },
    ttl: { Session: 600, Interaction: 600, Grant: 600 },
    ...configuration,
  });
  server.on("request", (request, response) => { void provider.callback()(request, response); });
  return { issuer, server, settings: openIdSettings(name, issuer) };
}

export const openIdSettings = (name: string, issuer: string): Record<string, string> => {
  const variable = `AUTHFLOW_OIDC_${name.toUpperCase()}`;
  return {
    AUTHFLOW_OIDC_PROVIDERS: name,
    [`${variable}_ISSUER`]: issuer,
    [`${variable}_CLIENT_ID`]: UPSTREAM_CLIENT.client_id,
    [`${variable}_CLIENT_SECRET`]: UPSTREAM_CLIENT.client_secret,
  };
};

/**
 * npm oauth2-mock-server: approves at once, as an upstream at which the person is logged in already. Resolves to
 * its issuer.
 */
export async function approvingUpstream(t: Suite): Promise<string> {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("RS256");
  await server.start(0, "localhost");
  t.teardown(() => server.stop());
  return server.issuer.url as string;
}

/** A person at oidc-provider's pages: logs in as `user` and agrees. Ends at the application. */
export async function logInAs(agent: UserAgent, user: string, start: string | URL): Promise<Visited> {
  const loginPage = await agent.open(start);
  const consentPage = await agent.submit(loginPage, { login: user, password: "any" });
  return consentPage.text === "" ? consentPage : agent.submit(consentPage);
}

/** A person who presses Cancel at oidc-provider's page. Ends at the application. */
export async function cancelAt(agent: UserAgent, start: Visited | string): Promise<Visited> {
  const loginPage = typeof start === "string" ? await agent.open(start) : start;
  const [, abort = ""] = /href="([^"]*\/abort)"/.exec(loginPage.text) ?? [];
  return agent.open(new URL(abort, loginPage.url));
}

/** oidc-provider forgets who logged in there. Authflow is at the same host, and so are the applications. */
export const forgetAtProvider = (agent: UserAgent): void => {
  const cookies = agent.cookies.get("localhost");
  for (const name of cookies?.keys() ?? []) if (/^_session/.test(name)) cookies?.delete(name);
};

/** The same, but the provider's answer is not delivered: the URL that the browser would be sent to. */
export async function answerAt(authorizationUrl: string, user: string): Promise<URL> {
  const agent = new UserAgent();
  const page = await agent.open(authorizationUrl);
  const consent = await agent.submit(page, { login: user, password: "any" });
  const [, action = ""] = /<form[^>]*\saction="([^"]*)"/.exec(consent.text) ?? [];
  let answer = await agent.once(new URL(action, consent.url), { method: "POST", form: { prompt: "consent" } });
  for (;;) {
    const location = new URL(answer.headers.get("location") as string, consent.url);
    if (location.pathname.endsWith("/callback")) return location;
    answer = await agent.once(location);
  }
}
