import { randomUUID } from "node:crypto";
import type { Authorized } from "../../src/tokens/authorized.js";
import { type Answer, basic, type Credentials, type TestApp } from "./app.js";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
type Form = Record<string, string>;
export interface LastingTokens { access: string; refresh: string }

/** Every token that `tokensOf` found. */
export const seenTokens = new Set<string>();

export const postForm = (app: TestApp, path: string, form: Form, headers: Form = {}): Promise<Answer> =>
  app.call("POST", path, { headers: { ...FORM, ...headers }, payload: new URLSearchParams(form).toString() });

/** POST /token for a refresh token. */
export const refresh = (app: TestApp, client: Credentials, token: string, more: Form = {}): Promise<Answer> =>
  postForm(app, "/token", { grant_type: "refresh_token", refresh_token: token, ...more }, basic(client));

export function tokensOf({ status, body, text }: Answer): LastingTokens {
  if (status !== 200) throw new Error(`${status}: ${text}`);
  const tokens = { access: body.access_token as string, refresh: body.refresh_token as string };
  for (const token of Object.values(tokens)) seenTokens.add(token);
  return tokens;
}

/** POST /mint with `refresh`, for a user of its own unless `body` names one. */
export async function lastingMint(app: TestApp, client: Credentials, body: object = {}): Promise<LastingTokens> {
  const payload = { sub: `user-${randomUUID()}`, refresh: true, ...body };
  return tokensOf(await app.call("POST", "/mint", { headers: basic(client), payload }));
}

/** A refresh token for what a user authorized, as the exchange of a code starts it. */
export async function startAuthorized(
  { fastify }: TestApp,
  { client_id }: Pick<Credentials, "client_id">,
  changes: Partial<Authorized> = {},
): Promise<string> {
  const authorized: Authorized = {
    claims: { sub: "corp|alice", provider: "corp", email: "alice@example.com" },
    sid: randomUUID(), authTime: 1_700_000_000,
    scopes: ["openid", "email", "read", "write"], resources: ["https://a.example", "https://b.example"],
    wanted: { userinfo: [], idToken: [] }, nonce: "a-nonce", ...changes,
  };
  const { sid, claims: { sub } } = authorized;
  const client = await fastify.clients.read(client_id);
  return fastify.refreshTokenFamilies.start(client, { kind: "authorized", authorized }, { sub, sid });
}
