import type { Test } from "tap";
import { basic, type Credentials, type Environment, REDIRECT_URI } from "./app.js";
import { delivered, loginFixture, type LoginFixture, PKCE, VERIFIER } from "./login.js";
import { logInAs } from "./openid.js";
import { UserAgent, type Visited } from "./user-agent.js";

type Query = Record<string, string | undefined>;

export interface AuthorizeFixture extends LoginFixture {
  /** The URL of GET /authorize for `client`, with `query` on top; undefined leaves a parameter out. */
  authorizeUrl(query?: Query, client?: Credentials): string;
  /** A whole login of `user` at /authorize, in a browser of its own unless one is given. */
  authorize(user: string, query?: Query, agent?: UserAgent, client?: Credentials): Promise<Visited>;
  /** The token response for the code of such a login. */
  redeem(visited: Visited, form?: Query, client?: Credentials): ReturnType<LoginFixture["exchange"]>;
}

/** As loginFixture, with one provider that needs no choice: `corp` is named by each request. */
export async function authorizeFixture(
  t: Test,
  env: Environment = {},
  overrides: Parameters<typeof loginFixture>[2] = {},
): Promise<AuthorizeFixture> {
  const fixture = await loginFixture(t, env, overrides);
  const origin = env.AUTHFLOW_PUBLIC_URL ?? "http://localhost:8080";
  const authorizeUrl: AuthorizeFixture["authorizeUrl"] = (query = {}, { client_id } = fixture.client) => {
    const all = {
      client_id, redirect_uri: REDIRECT_URI, state: "xyz", scope: "openid profile email", nonce: "n-0S6",
      provider: "corp", ...PKCE, ...query,
    };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `${origin}/authorize?${new URLSearchParams(given).toString()}`;
  };
  return {
    ...fixture,
    authorizeUrl,
    authorize: (user, query, agent = new UserAgent(fixture.app), client = fixture.client) =>
      logInAs(agent, user, authorizeUrl(query, client)),
    redeem: (visited, form = {}, client = fixture.client) =>
      fixture.exchange({ code: delivered(visited).code, code_verifier: VERIFIER, ...form }, basic(client)),
  };
}
