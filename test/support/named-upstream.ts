import { hash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { decode, type Environment, REDIRECT_URI, testApp } from "./app.js";
import { type Json, PUBLIC_JWK, sign } from "./lying-upstream.js";
import { type Suite, temporaryFolder } from "./services.js";
import { UserAgent } from "./user-agent.js";

export interface Asked { place: string; query: URLSearchParams; headers: IncomingHttpHeaders; form: URLSearchParams }
/** What the provider answers at "METHOD /path"; a text is sent as a form, as GitHub does unless asked for JSON. */
export type Answers = Record<string, (asked: Asked) => unknown>;
export interface LoggedIn {
  /** Where the browser was sent, and everything that Authflow then asked, by place. */
  authorize: URL;
  asked: Map<string, Asked>;
  /** Of the token that the application got; or the error. */
  claims: Json;
  error: string | null;
}

export const CLIENT_ID = "the-client-id";
export const CLIENT_SECRET = "the-client-secret";
const CALLBACK = (name: string): string => `http://localhost:8080/auth/${name}/callback`;

/** Plays one provider at a Unix socket in place of the internet, and logs in there through the whole app. */
export async function namedUpstream(t: Suite, name: string, answers: Answers, env: Environment = {}) {
  let [asked, overridden] = [new Map<string, Asked>(), {} as Answers];
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams: query } = new URL(request.url ?? "", "http://upstream");
      const place = `${request.method} ${pathname}`;
      const chunks = await request.toArray() as Buffer[];
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const one: Asked = { place, query, headers: request.headers, form };
      asked.set(place, one);
      const answer = overridden[place] ?? answers[place];
      if (answer === undefined) return void response.writeHead(404).end();
      const body = await answer(one);
      if (typeof body === "string") response.setHeader("content-type", "application/x-www-form-urlencoded").end(body);
      else response.setHeader("content-type", "application/json; charset=utf-8").end(JSON.stringify(body));
    })();
  });
  const upstreamSocket = join(temporaryFolder(t), "upstream.sock");
  await once(server.listen(upstreamSocket), "listening");
  t.teardown(() => { server.closeAllConnections(); server.close(); });
  const prefix = name.toUpperCase();
  const app = await testApp(t,
    { [`${prefix}_CLIENT_ID`]: CLIENT_ID, [`${prefix}_CLIENT_SECRET`]: CLIENT_SECRET, ...env }, { upstreamSocket });
  const client = await app.register();

  /** `other`: answers for this login only. `form`: the provider answers with a form, and these further fields. */
  const logIn = async (other: Answers = {}, form?: Record<string, string>): Promise<LoggedIn> => {
    [asked, overridden] = [new Map<string, Asked>(), other];
    const agent = new UserAgent(app);
    const query = new URLSearchParams({ client_id: client.client_id, redirect_uri: REDIRECT_URI });
    const { url: authorize } = await agent.open(`http://localhost:8080/auth/${name}?${query.toString()}`);
    nonce = authorize.searchParams.get("nonce") ?? undefined;
    if (authorize.href.startsWith(REDIRECT_URI)) return resultAt(authorize, authorize);
    const response = new URLSearchParams({ code: "the-code", state: authorize.searchParams.get("state") ?? "" });
    const { url } = form === undefined ? await agent.open(`${CALLBACK(name)}?${response.toString()}`)
      : await agent.open(CALLBACK(name), { method: "POST", form: { ...Object.fromEntries(response), ...form } });
    return resultAt(authorize, url);
  };
  const resultAt = (authorize: URL, { hash }: URL): LoggedIn => {
    const result = new URLSearchParams(hash.slice(1));
    const token = result.get("access_token");
    return { authorize, asked, claims: token === null ? {} : decode(token), error: result.get("error") };
  };
  let nonce: string | undefined;
  return { app, logIn, nonce: () => nonce };
}

/** What is wrong with a token request (RFC 6749 §4.1.3, RFC 7636 §4.5). `by`: where the provider reads credentials. */
export function faultsOf({ authorize, asked }: LoggedIn, name: string, place: string, by: "header" | "body",
  pkce = true) {
  const { headers, form } = asked.get(place) as Asked;
  const basic = `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64")}`;
  const verifier = form.get("code_verifier");
  const challenge = pkce ? hash("sha256", verifier ?? "", "base64url") : null;
  const expected: [string, unknown, unknown][] = [
    ["client_id of the browser's request", authorize.searchParams.get("client_id"), CLIENT_ID],
    ["response_type", authorize.searchParams.get("response_type"), "code"],
    ["redirect_uri of the browser's request", authorize.searchParams.get("redirect_uri"), CALLBACK(name)],
    ["code_challenge", authorize.searchParams.get("code_challenge"), challenge],
    ["code_challenge_method", authorize.searchParams.get("code_challenge_method"), pkce ? "S256" : null],
    ["code_verifier's length", verifier?.length, pkce ? 43 : undefined],
    ["grant_type", form.get("grant_type"), "authorization_code"],
    ["code", form.get("code"), "the-code"],
    ["redirect_uri", form.get("redirect_uri"), CALLBACK(name)],
    ["accept", headers.accept, "application/json"],
    ["content-type", headers["content-type"], "application/x-www-form-urlencoded"],
    ["authorization", headers.authorization, by === "header" ? basic : undefined],
    ["client_id", form.get("client_id"), by === "body" ? CLIENT_ID : null],
    ["client_secret", form.get("client_secret"), by === "body" ? CLIENT_SECRET : null],
  ];
  return expected.filter(([, found, wanted]) => found !== wanted);
}

export interface OpenIdForm {
  issuer: string;
  /** Where the discovery document says that things are. */
  metadata: Record<"authorization_endpoint" | "token_endpoint" | "jwks_uri" | "userinfo_endpoint", string>
    & { token_endpoint_auth_methods_supported?: string[] };
  idToken: Json;
  userinfo?: Json;
  env?: Environment;
  /** What the discovery document names, where it is not the issuer that is asked. */
  named?: string;
}

/** The same for a provider that speaks OpenID Connect. */
export async function namedOpenId(t: Suite, name: string, form: OpenIdForm) {
  const { issuer, metadata, userinfo, env, named } = form;
  let { idToken } = form;
  const at = (url: string): string => new URL(url).pathname;
  const now = Math.floor(Date.now() / 1000);
  const upstream = await namedUpstream(t, name, {
    [`GET ${at(`${issuer}/`)}.well-known/openid-configuration`]: () => ({ issuer: named ?? issuer, ...metadata }),
    [`POST ${at(metadata.token_endpoint)}`]: async () => ({
      access_token: "the-access-token", token_type: "Bearer", expires_in: 3599, scope: "openid email profile",
      id_token: await sign({
        iss: issuer, aud: CLIENT_ID, iat: now, exp: now + 3600, ...(name !== "linkedin" && { nonce: upstream.nonce() }),
        ...idToken,
      }),
    }),
    [`GET ${at(metadata.jwks_uri)}`]: () => ({ keys: [{ ...PUBLIC_JWK, alg: undefined }] }),
    [`GET ${at(metadata.userinfo_endpoint)}`]: ({ headers }) =>
      headers.authorization === "Bearer the-access-token" ? userinfo : { error: "invalid_token" },
  }, env);
  /** `claims`: changes to the ID token of this login. */
  const logIn = (claims: Json = {}, other: Answers = {}, fields?: Record<string, string>): Promise<LoggedIn> => {
    idToken = { ...form.idToken, ...claims };
    return upstream.logIn(other, fields);
  };
  return { app: upstream.app, logIn };
}
