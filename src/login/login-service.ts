import type { Client } from "../clients/client.js";
import type { PermissionUses } from "../clients/permission-uses.js";
import { requirePermission } from "../clients/permissions.js";
import { isRegistered } from "../clients/redirect-uri.js";
import type { ClientRegistry } from "../clients/registry.js";
import type { Clock } from "../shared/clock.js";
import { digest, randomSecret } from "../shared/digest.js";
import { accessDenied, AuthflowError, type Link, loginOver, unavailable } from "../shared/errors.js";
import { refusal } from "../providers/claims.js";
import { loginPageOf } from "../providers/local.js";
import { UpstreamError } from "../providers/upstream.js";
import { NO_PROVIDER, type Provider, type UpstreamRequest } from "../providers/provider.js";
import { sweepAll } from "../shared/sweep.js";
import type { IdentityClaims } from "../tokens/claims.js";
import type { TokenIssuer } from "../tokens/issuer.js";
import { authenticationClaims, loginClaims } from "./login-claims.js";
import type { AuthorizationCodeService } from "./authorization-code-service.js";
import {
  type AuthorizationParameters, authorizationRequest, returnAddress, type ReturnAddress,
} from "./authorization-request.js";
import type { Address, Answer, AuthorizationResponse } from "./authorization-response.js";
import { type Finished, LoginAnswers, REPEATABLE } from "./login-answer.js";
import type { LoginSealer } from "./login-sealer.js";
import type { AuthorizationRequest, FinishedLoginStore, Login } from "./pending-login.js";
import { standardUrl } from "./standard-url.js";

/** What a provider sends back (RFC 6749 §4.1.2, RFC 9207), unchecked. */
export interface CallbackParameters {
  state?: string | undefined;
  code?: string | undefined;
  iss?: string | undefined;
  error?: string | undefined;
  /** For the log only: the application and the user are told nothing that comes from the provider. */
  error_description?: string | undefined;
  /** Apple's form field, at a user's first login. */
  user?: string | undefined;
}
/** A cookie that binds a login to its browser; `maxAge` is seconds. */
export interface LoginCookie { name: string; value: string; maxAge: number }
/** The prefix of these cookies' names. */
export const LOGIN_COOKIE = "authflow-login-";
/** What the browser gets. The rest is for the log; `failure`: why the login failed. */
export interface Outcome { answer: Answer; clientId: string; provider: string; failure?: AuthflowError }
/** Finishes logins of requests at /authorize. `previous` is the cookie of the browser's session, if it has one. */
export interface StandardLogins {
  afterLogin(client: Client, login: Login, claims: IdentityClaims, previous: string | undefined): Promise<Finished>;
}
/** What the page of providers says about the application. `back`: to it, without a login. */
export interface Application {
  name: string;
  logoUri: string | null;
  back: Link;
  /** Names of the providers through which its users may log in; null: all. */
  providers: string[] | null;
}
/** Cookies to set; `cookie` is absent if the login could not be started, `session` unless it made a session. */
export type OutcomeWithCookies = Outcome & { cookie?: LoginCookie; session?: string | undefined };

/** Seconds that a user has to log in at the provider. */
const LOGIN_LIFETIME = 600;
/** Milliseconds for which the browser keeps an expired login, so that the error page can offer to start it again. */
const KEPT_AFTER_EXPIRY = 3_600_000;
/** Answers to prompt=none (OpenID Connect Core §3.1.2.6). */
const INTERACTION_NEEDED =
  ["login_required", "interaction_required", "consent_required", "account_selection_required"];
const OVER = "This login is over: it was finished before, or started too long ago";
const DONE = "This login is finished: if the application shows that you are logged in, you are done";

interface Dependencies {
  store: FinishedLoginStore;
  sealer: LoginSealer;
  codes: AuthorizationCodeService;
  standard: StandardLogins;
  response: AuthorizationResponse;
  tokens: TokenIssuer;
  clients: ClientRegistry;
  uses: Pick<PermissionUses, "note">;
  providers: ReadonlyMap<string, Provider>;
  clock: Clock;
  /** The base of the callback URLs. */
  publicUrl: string;
}

/** Logins through providers, from the application's authorization request to the response. */
export class LoginService {
  readonly #dependencies: Dependencies;
  readonly #response: AuthorizationResponse;
  readonly #answers: LoginAnswers;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#response = dependencies.response;
    this.#answers = new LoginAnswers(dependencies);
  }

  /** The name of the cookie for a state. Each login has its own, so that logins in several tabs do not conflict. */
  static cookieName(state: string): string {
    return LOGIN_COOKIE + digest(`cookie ${state}`).slice(0, 16);
  }

  /** Starts a login. Rejects with errors that must not be redirected to the application. */
  async start(name: string, parameters: AuthorizationParameters): Promise<OutcomeWithCookies> {
    const provider = this.#provider(name, parameters);
    const address = await returnAddress(this.#dependencies.clients, parameters);
    try {
      return await this.begin(provider, address.client, authorizationRequest(address, name, parameters));
    } catch (failure) {
      return this.#refusal({ ...address, clientId: address.client.id }, provider, failure);
    }
  }

  /** Sends the browser to the provider, for a request that was checked. */
  async begin(provider: Provider, client: Client, request: AuthorizationRequest): Promise<OutcomeWithCookies> {
    const { sealer, clock } = this.#dependencies;
    try {
      const state = sealer.newState();
      const login: Login = {
        ...request, provider: provider.name, codeVerifier: randomSecret(), expiresAt: clock() + LOGIN_LIFETIME * 1000,
      };
      const value = sealer.seal(login, state);
      const location = await provider.authorizationUrl(this.#upstreamRequest(login, client, state));
      const maxAge = LOGIN_LIFETIME + KEPT_AFTER_EXPIRY / 1000;
      const cookie = { name: LoginService.cookieName(state), value, maxAge };
      return { answer: { location }, clientId: login.clientId, provider: provider.name, cookie };
    } catch (failure) {
      return this.#refusal(request, provider, failure);
    }
  }

  /** The application that a request names. Undefined unless client and redirect URI match. */
  async application(parameters: AuthorizationParameters): Promise<Application | undefined> {
    try {
      return this.applicationAt(await returnAddress(this.#dependencies.clients, parameters));
    } catch (error) {
      if (error instanceof AuthflowError && error.status < 500) return undefined;
      throw error;
    }
  }

  /** The same for a request whose client and redirect URI match. */
  applicationAt(address: ReturnAddress): Application {
    const { name, logoUri, policy: { providers } } = address.client;
    const back = this.#response.errorLink(address, accessDenied("The user chose no provider"), `Back to ${name}`);
    return { name, logoUri, providers, back };
  }

  /**
   * Finishes a login. The last argument holds the browser's cookies: that of this login, and its session's. All that
   * the request shows by itself is checked before the login is used up, so that scanners of links end no login. The
   * same request of the same browser gets the same answer for a minute. Rejects with errors that must not be redirected
   * to the application.
   */
  async finish(
    name: string,
    parameters: CallbackParameters,
    { login: browser = "", session: previous }: { login?: string | undefined; session?: string | undefined } = {},
  ): Promise<OutcomeWithCookies> {
    const provider = this.#provider(name);
    const { store, sealer, clock, clients, codes } = this.#dependencies;
    const { state = "", code = "", error = "" } = parameters;
    const stateHash = digest(state);
    const login = sealer.open(browser, state);
    if (login?.provider !== name) {
      if (!sealer.isOwnState(state) || await store.isFinished(stateHash)) throw loginOver(OVER);
      throw accessDenied("This login was started in another browser or under another host name, " +
        "or the browser has deleted its cookies");
    }
    const age = clock() - login.expiresAt;
    if (age > KEPT_AFTER_EXPIRY) throw loginOver(OVER);
    const client = await clients.lookUp(login.clientId);
    if (client === null || !isRegistered(client, login.redirectUri))
      throw accessDenied("The application or its redirect_uri was removed during this login");
    const links = this.#wayForward(login, client);
    if (age >= 0) throw loginOver("This login took too long", links);
    if (code + error === "")
      throw new AuthflowError(400, "invalid_request", "This address lacks the provider's answer", { links });
    const foreign = await originFault(provider, parameters);
    if (foreign !== undefined) return this.#refusal(login, provider, foreign);
    let failure: AuthflowError | undefined;
    const key = { stateHash, expiresAt: login.expiresAt, secret: [browser, code, error].join(" ") };
    const finished = await this.#answers.once(key, async () => {
      try {
        return await this.#complete(provider, client, login, state, parameters, previous);
      } catch (cause) {
        failure = answerTo(cause, provider);
        return { answer: this.#response.error(login, failure) };
      }
    });
    if (finished === undefined) throw loginOver(OVER, links);
    const { answer, session, code: issued, isRepeated } = finished;
    // An application that exchanges a code twice loses its token: it gets the code again only while that is unused.
    if (isRepeated && issued !== undefined && !await codes.isExchangeable(issued))
      throw loginOver(DONE, links.slice(0, 1));
    const cookie = { name: LoginService.cookieName(state), value: browser, maxAge: REPEATABLE };
    return { answer, session, clientId: client.id, provider: name, cookie, ...(failure && { failure }) };
  }

  /** Deletes the records of finished logins which nobody could finish again; returns how many. */
  sweep(): Promise<number> {
    const { store, clock } = this.#dependencies;
    return sweepAll((limit) => store.sweep(clock() - KEPT_AFTER_EXPIRY, limit));
  }

  async #complete(
    provider: Provider,
    client: Client,
    login: Login,
    state: string,
    { code = "", iss, user, error = "", error_description: description }: CallbackParameters,
    previous: string | undefined,
  ): Promise<Finished> {
    const { codes, standard, tokens, uses } = this.#dependencies;
    if (client.disabled) throw accessDenied("This application was disabled during the login");
    uses.note(client.id, requirePermission(client, "login"));
    if (error !== "") throw upstreamRefusal(provider, error, description);
    const identity = await provider.identify({ code, iss, user }, this.#upstreamRequest(login, client, state));
    const claims = { ...loginClaims(provider.name, identity), ...authenticationClaims(identity) };
    if (login.standard !== undefined)
      return standard.afterLogin(client, login, { ...identity.profile, ...claims }, previous);
    if (login.responseType === "code") {
      const issued = await codes.issue(login, claims);
      return { answer: this.#response.code(login, issued), code: issued };
    }
    const token = await tokens.sign(await tokens.claimsOfLogin(client, claims), client);
    return { answer: this.#response.token(login, token) };
  }

  #refusal(
    address: Address & { clientId: string },
    provider: Provider,
    cause: unknown,
  ): Outcome {
    const failure = answerTo(cause, provider);
    const answer = this.#response.error(address, failure);
    return { answer, clientId: address.clientId, provider: provider.name, failure };
  }

  /** `request`: the application's, with which a person may choose another provider. */
  #provider(name: string, request?: AuthorizationParameters): Provider {
    const provider = this.#dependencies.providers.get(name);
    if (provider !== undefined) return provider;
    const query = Object.entries(request ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const href = `${this.#dependencies.publicUrl}/auth?${new URLSearchParams(query).toString()}`;
    throw new AuthflowError(404, "not_found", this.#dependencies.providers.size === 0 ? NO_PROVIDER
      : "There is no provider with this name, or it is not switched on: GET /auth lists those that are",
      request?.client_id === undefined ? {} : { links: [{ text: "Choose another one", href }] });
  }

  #upstreamRequest(
    { provider, codeVerifier, expiresAt, hints, standard }: Login,
    client: Client,
    state: string,
  ): UpstreamRequest {
    const redirectUri = `${this.#dependencies.publicUrl}/auth/${provider}/callback`;
    const nonce = digest(`nonce ${codeVerifier}`);
    const startedAt = expiresAt - LOGIN_LIFETIME * 1000;
    const { scopes = [], resources = [] } = standard ?? {};
    const asked = { clientId: client.id, loginPage: loginPageOf(client), scopes, resources };
    const codeChallenge = digest(codeVerifier);
    return { state, nonce, codeVerifier, codeChallenge, redirectUri, hints, startedAt, expiresAt, asked };
  }

  /** What a person can do about a login of theirs that can't be finished. */
  #wayForward(login: Login, { name }: Client): Link[] {
    const back = this.#response.errorLink(login, accessDenied("The login was not finished"), `Back to ${name}`);
    return [{ text: "Start again", href: this.#startUrl(login) }, back];
  }

  #startUrl(login: Login): string {
    const { provider, clientId, redirectUri, responseType, state, codeChallenge, hints, standard } = login;
    if (standard !== undefined) return standardUrl(this.#dependencies.publicUrl, login, standard, { provider });
    const query = new URLSearchParams({
      ...hints as Record<string, string>,
      client_id: clientId, redirect_uri: redirectUri, response_type: responseType,
      ...(state !== undefined && { state }),
      ...(codeChallenge !== undefined && { code_challenge: codeChallenge, code_challenge_method: "S256" }),
    });
    return `${this.#dependencies.publicUrl}/auth/${provider}?${query.toString()}`;
  }
}

/** Why a response is not the provider's own. If it can't be known now, `identify` will tell. */
async function originFault(provider: Provider, response: CallbackParameters): Promise<UpstreamError | undefined> {
  try {
    await provider.checkOrigin?.(response);
    return undefined;
  } catch (error) {
    return error instanceof UpstreamError && error.kind === "foreign" ? error : undefined;
  }
}

/** Maps the provider's error code: the application gets only what it can act on; the log gets what it said. */
function upstreamRefusal({ label }: Provider, code: string, description: string | undefined): AuthflowError {
  const cause = new UpstreamError("untrustworthy", `the provider answered ${refusal(code, description)}`);
  if (/denied|cancel/.test(code)) // LinkedIn: user_cancelled_login
    return new AuthflowError(403, "access_denied", `The login at ${label} was cancelled or refused`, { cause });
  if (INTERACTION_NEEDED.includes(code))
    return new AuthflowError(403, code, `${label} can't log the user in without showing a page`, { cause });
  if (code === "temporarily_unavailable")
    return unavailable(`${label} is temporarily unavailable: try again`, cause);
  return new AuthflowError(502, "server_error", `${label} refused the login request: tell the operator`, { cause });
}

/** The error that the application gets. It contains nothing that came from the provider. */
function answerTo(failure: unknown, { label }: Provider): AuthflowError {
  if (failure instanceof AuthflowError) return failure;
  if (failure instanceof UpstreamError && failure.kind === "unreachable")
    return unavailable(`${label} can't be reached right now: try again`, failure);
  const what = failure instanceof UpstreamError
    ? `${label} gave an answer that can't be trusted`
    : "Something went wrong on our side";
  return new AuthflowError(502, "server_error", `${what}: the login was stopped`, { cause: failure });
}
