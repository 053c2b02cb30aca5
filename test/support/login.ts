import type { Test } from "tap";
import { type Credentials, type Environment, REDIRECT_URI, testApp, type TestApp } from "./app.js";
import { logInAs, openIdUpstream } from "./openid.js";
import { UserAgent, type Visited } from "./user-agent.js";

type Query = Record<string, string | undefined>;
export const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // RFC 7636 appendix B
export const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
export const PKCE = { response_type: "code", code_challenge: CHALLENGE, code_challenge_method: "S256" };

export interface LoginFixture {
  app: TestApp;
  /** What it was built with, for a second replica. */
  settings: Environment;
  client: Credentials;
  /** The path of GET /auth/{provider} for `client`, with `query` on top; undefined leaves a parameter out. */
  path(query?: Query, provider?: string): string;
  url(query?: Query, provider?: string): string;
  /** A whole login of `user` in a browser of its own unless one is given. */
  logIn(user: string, query?: Query, agent?: UserAgent, provider?: string): Promise<Visited>;
  /** POST /token with the code of a login. */
  exchange(form: Query, headers?: Record<string, string>): ReturnType<TestApp["call"]>;
}

/** Authflow with npm oidc-provider as the provider `corp`, and again as `other`. */
export async function loginFixture(
  t: Test,
  env: Environment = {},
  overrides: Parameters<typeof testApp>[2] = {},
): Promise<LoginFixture> {
  const origin = env.AUTHFLOW_PUBLIC_URL ?? "http://localhost:8080";
  const callbacks = ["corp", "other"].map((name) => `${origin}/auth/${name}/callback`);
  const [corp, other] = [await openIdUpstream(t, { callbacks }), await openIdUpstream(t, { name: "other", callbacks })];
  const settings = { ...env, ...other.settings, ...corp.settings, AUTHFLOW_OIDC_PROVIDERS: "corp,other" };
  const app = await testApp(t, settings, overrides);
  const client = await app.register();
  const path: LoginFixture["path"] = (query = {}, provider = "corp") => {
    const all = { client_id: client.client_id, redirect_uri: REDIRECT_URI, state: "xyz", ...query };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `/auth/${provider}?${new URLSearchParams(given).toString()}`;
  };
  const url: LoginFixture["url"] = (query, provider) => origin + path(query, provider);
  return {
    app, settings, client, path, url,
    logIn: (user, query, agent = new UserAgent(app), provider = "corp") => logInAs(agent, user, url(query, provider)),
    exchange: (form, headers = {}) => {
      const all = { grant_type: "authorization_code", redirect_uri: REDIRECT_URI, ...form };
      const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      return app.call("POST", "/token", {
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        payload: new URLSearchParams(given).toString(),
      });
    },
  };
}

/** What a redirect to the application carries, wherever it stands. */
export const delivered = ({ url }: Pick<Visited, "url">): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(url.hash === "" ? url.search : url.hash.slice(1)));
