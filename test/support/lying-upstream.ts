import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { listen, openIdSettings, UPSTREAM_CLIENT } from "./openid.js";
import type { Suite } from "./services.js";

export type Json = Record<string, unknown>;
/** Writes an answer in any way, or none. */
export type Reply = (response: ServerResponse) => void;
type Answer<Truth> = (truth: Truth, upstream: LyingUpstream) => unknown;

/** What is said instead of the truth. A function that is returned writes the answer; all else is sent as JSON. */
export interface Lies {
  discovery?: Answer<Json>;
  /** The parameters with which the browser comes back; RFC 6749 §4.1.2. */
  response?: (truth: Record<string, string>, upstream: LyingUpstream) => Record<string, string> | [string, string][];
  token?: Answer<Json>;
  claims?: (truth: Json, upstream: LyingUpstream) => Json;
  sign?: (claims: Json, upstream: LyingUpstream) => string | Promise<string>;
  jwks?: Answer<{ keys: JWK[] }>;
  userinfo?: Answer<Json>;
}

const PLACES = { "/.well-known/openid-configuration": "discovery", "/authorize": "response", "/token": "token",
  "/jwks": "jwks", "/userinfo": "userinfo" } as const;
type Place = (typeof PLACES)[keyof typeof PLACES];

/** The keys of all upstreams of a file: making them is what takes time. */
const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
export const PUBLIC_PEM = await exportSPKI(publicKey);
export const PUBLIC_JWK: JWK = { ...await exportJWK(publicKey), kid: "the-key", alg: "RS256", use: "sig" };

export const sign = (claims: Json, header: Json = {}, key: CryptoKey = privateKey): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "the-key", ...header }).sign(key);

/** Signs a payload that JSON.stringify could not write. */
export const signText = (payload: string): Promise<string> =>
  new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: "RS256", kid: "the-key" }).sign(privateKey);

/** RFC 7515 §4.1.11: validly signed, for those who know the extension. */
export const signWithExtension = (claims: Json, extension: string): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "the-key", crit: [extension], [extension]: true })
    .sign(privateKey, { crit: { [extension]: true } });

/**
 * An OpenID provider that logs in whoever comes, as itself: it says the truth until `lies` says otherwise. Everything
 * it sends holds its `canary`, headers and reason phrases too, so that tests can search for it elsewhere.
 */
export class LyingUpstream {
  readonly canary = `canary-${randomUUID()}`;
  /** What it gave away that may not turn up in any log. */
  readonly secrets: string[] = [];
  lies: Lies = {};
  readonly #nonces = new Map<string, string>();
  readonly #waiting = new Map<Place, (() => void)[]>();

  constructor(readonly name: string, readonly issuer: string) {}

  /** Resolves at the next request there. */
  asked(place: Place): Promise<void> {
    return new Promise((resolve) => { this.#waiting.set(place, [...this.#waiting.get(place) ?? [], resolve]); });
  }

  async answer(
    place: Place,
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
  ): Promise<void> {
    for (const resolve of this.#waiting.get(place) ?? []) resolve();
    this.#waiting.delete(place);
    response.setHeader("x-canary", this.canary);
    response.statusMessage = this.canary;
    if (place === "response") return this.#comeBack(query, response);
    const answer = await this.#say(place, request);
    if (typeof answer === "function") (answer as Reply)(response);
    else response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  }

  async #say(place: Exclude<Place, "response">, request: IncomingMessage): Promise<unknown> {
    if (place === "discovery") return this.#or(this.lies.discovery, this.#metadata());
    if (place === "jwks") return this.#or(this.lies.jwks, { keys: [PUBLIC_JWK] });
    if (place === "userinfo") return this.#or(this.lies.userinfo, { ...this.#person(), canary: this.canary });
    return this.#or(this.lies.token, await this.#tokens(await formOf(request)));
  }

  #or<Truth>(lie: Answer<Truth> | undefined, truth: Truth): unknown {
    return lie === undefined ? truth : lie(truth, this);
  }

  #comeBack(query: URLSearchParams, response: ServerResponse): void {
    const code = this.#secret("code");
    this.#nonces.set(code, query.get("nonce") ?? "");
    const truth = { state: query.get("state") ?? "", code, error_description: this.canary };
    const parameters = new URLSearchParams(this.lies.response?.(truth, this) ?? truth);
    response.writeHead(302, { location: `${query.get("redirect_uri")}?${parameters.toString()}` }).end();
  }

  async #tokens(form: URLSearchParams): Promise<Json> {
    const now = Math.floor(Date.now() / 1000);
    const truth = { iss: this.issuer, aud: UPSTREAM_CLIENT.client_id, nonce: this.#nonces.get(form.get("code") ?? ""),
      iat: now, exp: now + 300, ...this.#person() };
    const claims = this.lies.claims?.(truth, this) ?? truth;
    const idToken = await (this.lies.sign === undefined ? sign(claims) : this.lies.sign(claims, this));
    this.secrets.push(idToken);
    const access_token = this.#secret("token");
    return { access_token, token_type: "Bearer", expires_in: 300, id_token: idToken, note: this.canary };
  }

  #metadata(): Json {
    const { issuer } = this;
    return {
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/userinfo`, note: this.canary,
    };
  }

  #person(): Json {
    const { canary } = this;
    return { sub: canary, email: `${canary}@example.com`, email_verified: true, name: `The ${canary}` };
  }

  #secret(kind: string): string {
    const secret = `${kind}-${randomUUID()}-${this.canary}`;
    this.secrets.push(secret);
    return secret;
  }
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(request, "end");
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

/** One upstream for each name, all at one origin. `settings` are Authflow's for all of them. */
export async function lyingUpstreams(t: Suite, names: string[]) {
  const server = createServer({ keepAliveTimeout: 0 }); // none: a connection that ends while it is reused fails a test
  const origin = `http://localhost:${await listen(t, server)}`;
  const upstreams = names.map((name) => new LyingUpstream(name, `${origin}/${name}`));
  server.on("request", (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", origin);
    const upstream = upstreams.find(({ name }) => pathname.startsWith(`/${name}/`));
    const place = PLACES[pathname.slice((upstream?.name.length ?? 0) + 1) as keyof typeof PLACES];
    if (upstream === undefined || place === undefined) response.writeHead(404).end();
    else void upstream.answer(place, request, response, searchParams);
  });
  const settings: Record<string, string> = {};
  for (const { name, issuer } of upstreams) Object.assign(settings, openIdSettings(name, issuer));
  return { upstreams, settings: { ...settings, AUTHFLOW_OIDC_PROVIDERS: names.join(",") } };
}
