import type { Client } from "../clients/client.js";
import { allowsProvider, enforceLoginPolicy } from "../clients/mint-policy.js";
import type { PermissionUses } from "../clients/permission-uses.js";
import type { ClientRegistry } from "../clients/registry.js";
import { returnAddress, type ReturnAddress } from "../login/authorization-request.js";
import type { AuthorizationResponse } from "../login/authorization-response.js";
import type { Application, LoginService, OutcomeWithCookies } from "../login/login-service.js";
import { NO_PROVIDER, type Provider } from "../providers/provider.js";
import type { Session } from "../sessions/session.js";
import type { SessionService } from "../sessions/session-service.js";
import type { Clock } from "../shared/clock.js";
import { AuthflowError, invalidRequest } from "../shared/errors.js";
import { type AuthorizationFinisher, type CheckedRequest, loginRequired } from "./authorization-finisher.js";
import { isPushedUri, type PushedRequests, type RequestParameters } from "./pushed-requests.js";
import { modeInObject, type RequestRules, responseMode, single, standardRequest } from "./standard-request.js";

/** Parameters that name a provider: ours, and those that users of other servers know. */
const PROVIDER_HINTS = ["provider", "idp_hint", "kc_idp_hint"];

/** Characters. Many servers refuse longer URLs. */
const URL_MAX = 8000;

interface Dependencies {
  clients: ClientRegistry;
  uses: Pick<PermissionUses, "note">;
  sessions: SessionService;
  logins: LoginService;
  finisher: AuthorizationFinisher;
  pushed: PushedRequests;
  response: AuthorizationResponse;
  providers: ReadonlyMap<string, Provider>;
  rules: RequestRules;
  clock: Clock;
  publicUrl: string;
}

/** What comes next for the browser: an answer or a provider's page; or the person has to choose a provider. */
export type Step = { outcome: OutcomeWithCookies } | { application: Application };

/** Requests at /authorize (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2). */
export class AuthorizationService {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** `cookie`: of the browser's session. Rejects with errors that must not be sent to the application. */
  async begin(asked: RequestParameters, cookie: string | undefined): Promise<Step> {
    const { parameters, uri } = await this.#resolve(asked);
    const address = await this.#address(parameters);
    const { client } = address;
    try {
      return await this.#next(address, parameters, uri, cookie);
    } catch (cause) {
      const failure = cause instanceof AuthflowError ? cause
        : new AuthflowError(500, "server_error", "Something went wrong on our side: the login was stopped", { cause });
      const answer = this.#dependencies.response.error(address, failure);
      return { outcome: { answer, clientId: client.id, provider: "", failure } };
    }
  }

  /** The address of the same request by GET. Throws invalid_request if it would be too long for a browser. */
  urlOf(parameters: RequestParameters): string {
    const query = new URLSearchParams(Object.entries(parameters).flatMap(([name, value]) =>
      [value ?? []].flat().map((one) => [name, one])));
    const url = `${this.#dependencies.publicUrl}/authorize?${query.toString()}`;
    if (url.length > URL_MAX) throw invalidRequest("The request is too long for a browser: push it (POST /par)");
    return url;
  }

  /** Checks a request as `begin` does, for a client that pushes it (RFC 9126 §2.1), and keeps it. */
  async push(client: Client, parameters: RequestParameters): ReturnType<PushedRequests["push"]> {
    const { pushed, rules } = this.#dependencies;
    if (single(parameters, "request_uri") !== undefined)
      throw invalidRequest("request_uri can't be pushed: send the parameters themselves"); // RFC 9126 §2.1
    const all = { ...parameters, client_id: client.id };
    await standardRequest(await this.#address(all), all, rules);
    return pushed.push(client, all);
  }

  async #next(
    address: ReturnAddress,
    parameters: RequestParameters,
    uri: string | undefined,
    cookie: string | undefined,
  ): Promise<Step> {
    const { sessions, logins, finisher, rules, uses } = this.#dependencies;
    const { client } = address;
    const request = await standardRequest(address, parameters, rules);
    const hinted = PROVIDER_HINTS.map((name) => this.#dependencies.providers.get(single(parameters, name) ?? ""))
      .find((provider) => provider !== undefined);
    const session = await sessions.current(cookie);
    if (session !== undefined && !this.#wantsLogin(client, request, session, hinted)) {
      await this.#use(uri);
      uses.note(client.id, "login");
      const { answer } = await finisher.finish(client, request, session);
      return { outcome: { answer, clientId: client.id, provider: session.claims.provider } };
    }
    if (request.standard.prompts.includes("none")) throw loginRequired("The user has to log in: send no prompt none");
    const provider = this.#provider(client, hinted);
    if (provider === undefined) return { application: logins.applicationAt(address) };
    await this.#use(uri);
    return { outcome: await logins.begin(provider, client, request) };
  }

  /** Undefined if the person has to choose. */
  #provider(client: Client, hinted: Provider | undefined): Provider | undefined {
    if (hinted !== undefined) {
      enforceLoginPolicy(client.policy, hinted.name);
      return hinted;
    }
    const { providers } = this.#dependencies;
    const all = [...providers.values()].filter(({ name }) => allowsProvider(client.policy, name));
    if (all.length === 0) {
      throw new AuthflowError(500, "server_error", providers.size === 0 ? NO_PROVIDER
        : "The client's policy allows no provider that is switched on: add one of " +
          `${[...providers.keys()].join(", ")} to its member providers`);
    }
    return all.length === 1 ? all[0] : undefined;
  }

  /** Whether a session is not enough (OpenID Connect Core §3.1.2.1 and §3.1.2.3). */
  #wantsLogin(client: Client, { standard }: CheckedRequest, session: Session, hinted: Provider | undefined): boolean {
    const { prompts, maxAge, subject, acrValues } = standard;
    const { claims: { sub, provider }, facts: { authTime, acr } } = session;
    const age = this.#dependencies.clock() / 1000 - authTime;
    return prompts.includes("login") || prompts.includes("select_account")
      || (maxAge !== undefined && (maxAge === 0 || age > maxAge))
      || (subject !== undefined && subject !== sub)
      || (acrValues !== undefined && !acrValues.includes(acr ?? ""))
      || (hinted !== undefined && hinted.name !== provider)
      || !allowsProvider(client.policy, provider);
  }

  async #address(parameters: RequestParameters): Promise<ReturnAddress> {
    const address = await returnAddress(this.#dependencies.clients, {
      client_id: single(parameters, "client_id"), redirect_uri: single(parameters, "redirect_uri"),
      response_type: "code", state: single(parameters, "state"),
    });
    const mode = single(parameters, "response_mode") ?? modeInObject(single(parameters, "request"));
    return { ...address, responseMode: responseMode(address, mode), standard: {} };
  }

  /** The pushed parameters replace those of the query (RFC 9126 §4), except the choice of a provider. */
  async #resolve(asked: RequestParameters): Promise<{ parameters: RequestParameters; uri?: string }> {
    const [uri, clientId] = [single(asked, "request_uri"), single(asked, "client_id")];
    if (uri === undefined || !isPushedUri(uri)) return { parameters: asked };
    if (clientId === undefined) throw invalidRequest("client_id is missing beside request_uri");
    const pushed = await this.#dependencies.pushed.find(uri, clientId);
    if (pushed === undefined) throw invalidRequest(USED);
    const provider = single(asked, "provider");
    return { parameters: { ...pushed, ...(provider !== undefined && { provider }) }, uri };
  }

  async #use(uri: string | undefined): Promise<void> {
    if (uri !== undefined && !await this.#dependencies.pushed.use(uri))
      throw new AuthflowError(400, "invalid_request_uri", USED);
  }
}

const USED = "request_uri is unknown, has expired or was used: go back to the application and start again";
