import type { Test } from "tap";
import { basic, type Credentials, type Environment, REDIRECT_URI, testApp, type TestApp } from "./app.js";
import { delivered } from "./login.js";
import { UserAgent, type Visited } from "./user-agent.js";

type Json = Record<string, unknown>;
type Answer = Awaited<ReturnType<TestApp["call"]>>;

export interface LoginPageFixture {
  app: TestApp;
  settings: Environment;
  /** The application, and the backend of the platform's login page. */
  client: Credentials;
  backend: Credentials;
  /** Starts a login in `agent`: resolves to where the browser is sent. */
  start(query?: Record<string, string>, agent?: UserAgent): Promise<URL>;
  /** The same, to the challenge. */
  challenge(query?: Record<string, string>, agent?: UserAgent): Promise<string>;
  read(challenge: string, by?: Credentials): Promise<Answer>;
  accept(challenge: string, body?: Json, by?: Credentials): Promise<Answer>;
  reject(challenge: string, body?: Json, by?: Credentials): Promise<Answer>;
  /** A whole login: what the application gets. */
  logIn(body?: Json, query?: Record<string, string>): Promise<Record<string, string>>;
}

export const LOGIN_PAGE = "https://login.example.com/login?tenant=a%20b";
export const onward = ({ body: { redirect_to: to } }: Pick<Answer, "body">): string => to as string;
/** Goes where the backend sends the browser. */
export const follow = (agent: UserAgent, answer: Pick<Answer, "body">): Promise<Visited> => agent.open(onward(answer));

/** Authflow with the platform's own login page. */
export async function loginPageFixture(
  t: Test,
  env: Environment = {},
  overrides: Parameters<typeof testApp>[2] = {},
): Promise<LoginPageFixture> {
  const settings = { ...env, AUTHFLOW_LOGIN_URL: LOGIN_PAGE };
  const app = await testApp(t, settings, overrides);
  const client = await app.register();
  const backend = await app.register({ name: "login page", permissions: ["authenticate"] });
  const start: LoginPageFixture["start"] = async (query = {}, agent = new UserAgent(app)) => {
    const all = { client_id: client.client_id, redirect_uri: REDIRECT_URI, state: "xyz", ...query };
    return (await agent.open(`http://localhost:8080/auth/local?${new URLSearchParams(all).toString()}`)).url;
  };
  const challenge: LoginPageFixture["challenge"] = async (query, agent) =>
    (await start(query, agent)).searchParams.get("login_challenge") ?? "";
  const answer = (how: string) => (login: string, payload: Json = {}, by = backend) =>
    app.call("POST", `/logins/${login}/${how}`, { headers: basic(by), payload });
  const [accept, reject] = [answer("accept"), answer("reject")];
  return {
    app, settings, client, backend, start, challenge, reject,
    read: (login, by = backend) => app.call("GET", `/logins/${login}`, { headers: basic(by) }),
    accept: (login, body = {}, by) => accept(login, { sub: "alice", ...body }, by),
    logIn: async (body = {}, query = {}) => {
      const agent = new UserAgent(app);
      const accepted = await accept(await challenge(query, agent), { sub: "alice", ...body });
      if (accepted.status !== 200) return accepted.body as Record<string, string>;
      return delivered(await follow(agent, accepted));
    },
  };
}
