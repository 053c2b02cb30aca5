import type { Client } from "../clients/client.js";
import { requirePermission } from "../clients/permissions.js";
import { isRegistered } from "../clients/redirect-uri.js";
import type { ClientRegistry } from "../clients/registry.js";
import type { AuthorizationCodeService } from "../login/authorization-code-service.js";
import type { Answer, AuthorizationResponse } from "../login/authorization-response.js";
import type { Finished } from "../login/login-answer.js";
import type { LoginSealer } from "../login/login-sealer.js";
import type { StandardLogins } from "../login/login-service.js";
import type { AuthorizationRequest, StandardRequest } from "../login/pending-login.js";
import { standardUrl } from "../login/standard-url.js";
import { accountAt, UNNAMED } from "../providers/local.js";
import type { Provider } from "../providers/provider.js";
import type { Session } from "../sessions/session.js";
import type { SessionService } from "../sessions/session-service.js";
import type { Clock } from "../shared/clock.js";
import { accessDenied, AuthflowError, type Link, loginOver } from "../shared/errors.js";
import type { IdentityClaims } from "../tokens/claims.js";
import { allow, type ConsentStore, describeDestination, describeScope, needsConsent } from "./consents.js";

interface Dependencies {
  codes: AuthorizationCodeService;
  sessions: SessionService;
  consents: ConsentStore;
  clients: ClientRegistry;
  providers: ReadonlyMap<string, Provider>;
  response: AuthorizationResponse;
  sealer: LoginSealer;
  clock: Clock;
  publicUrl: string;
}

/** A request after all checks, at /authorize. */
export type CheckedRequest = AuthorizationRequest & { standard: StandardRequest };
/** A request whose user has to decide, as the browser keeps it. */
interface Question { request: CheckedRequest; sid: string; until: number }
/** What the page of a consent says, in words. `destination`: where the browser goes afterwards. */
export interface ConsentPage {
  client: Client;
  destination: string;
  allowed: string[];
  resources: string[];
  /** The user's address or name; undefined if the provider said neither. */
  user: string | undefined;
  /** What the user calls the account, such as "your GitHub account". */
  account: string;
  /** Where the user takes another account; undefined if the application asked for this user. */
  otherAccount: string | undefined;
}

/** Milliseconds that a user has to decide. */
const QUESTION_LIFETIME = 600_000;

/** The last steps of a request at /authorize: session, consent, code. */
export class AuthorizationFinisher implements StandardLogins {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async afterLogin(
    client: Client,
    request: AuthorizationRequest,
    { acr, amr, auth_time: at, ...claims }: IdentityClaims,
    previous: string | undefined,
  ): Promise<Finished> {
    const { sessions, clock } = this.#dependencies;
    const facts = {
      authTime: typeof at === "number" ? at : Math.floor(clock() / 1000),
      ...(typeof acr === "string" && { acr }), ...(Array.isArray(amr) && { amr: amr as string[] }),
    };
    const checked = request as CheckedRequest;
    const { subject, acrValues } = checked.standard;
    if (subject !== undefined && claims.sub !== subject)
      throw loginRequired("Another user logged in than the one that the application asked for");
    if (acrValues !== undefined && !acrValues.includes(facts.acr ?? "")) {
      throw new AuthflowError(403, "unmet_authentication_requirements",
        `The login did not reach the acr that the application asked for: ${acrValues.join(" or ")}`);
    }
    const { session, cookie } = await sessions.start(claims, facts, previous);
    return { ...await this.finish(client, checked, session), session: cookie };
  }

  /** The answer to a request whose user has this session. Rejects with errors for the application. */
  async finish(client: Client, request: CheckedRequest, session: Session): Promise<Finished> {
    const { consents, sealer, clock, publicUrl } = this.#dependencies;
    const { standard } = request;
    const given = client.isSelfRegistered ? await consents.find(session.claims.sub, client.id) : [];
    if (!needsConsent(client, standard, given)) return this.#grant(request, session);
    if (standard.prompts.includes("none"))
      throw new AuthflowError(403, "consent_required", "The user has to be asked: send no prompt none");
    const question: Question = { request, sid: session.sid, until: clock() + QUESTION_LIFETIME };
    const query = new URLSearchParams({ request: sealer.sealValue(question, CONTEXT) });
    return { answer: { location: `${publicUrl}/authorize/consent?${query.toString()}` } };
  }

  /** What the page has to ask. Rejects with errors for the user. */
  async question(sealed: string, cookie: string | undefined): Promise<ConsentPage> {
    const { client, request, session } = await this.#open(sealed, cookie);
    const { scopes, resources, subject } = request.standard;
    const { email, name, provider: at } = session.claims;
    const provider = this.#dependencies.providers.get(at);
    return {
      client, destination: describeDestination(request.redirectUri),
      allowed: [...new Set(["openid", ...scopes])].map(describeScope), // every token says whose it is
      resources, user: email ?? name, account: provider === undefined ? UNNAMED : accountAt(provider),
      otherAccount: subject === undefined ? this.#otherAccount(request) : undefined,
    };
  }

  /** The answer to the application after the user's decision. */
  async decide(sealed: string, cookie: string | undefined, isAllowed: boolean): Promise<{
    answer: Answer;
    clientId: string;
    failure?: AuthflowError;
  }> {
    const { consents, response, clock } = this.#dependencies;
    const { client, request, session } = await this.#open(sealed, cookie);
    const { sub } = session.claims;
    if (!isAllowed) {
      const failure = accessDenied("The user did not allow it");
      return { answer: response.error(request, failure), clientId: client.id, failure };
    }
    const before = await consents.find(sub, client.id);
    for (const one of allow(client.id, request.standard, before, clock())) await consents.save(sub, one);
    return { ...await this.#grant(request, session), clientId: client.id };
  }

  async #open(sealed: string, cookie: string | undefined): Promise<{
    client: Client;
    request: CheckedRequest;
    session: Session;
  }> {
    const { sealer, sessions, clients, clock } = this.#dependencies;
    const question = sealer.openValue<Question>(sealed, CONTEXT);
    if (question === undefined) throw loginOver("This question is over");
    const { request } = question;
    const client = await clients.lookUp(request.clientId);
    if (client === null || client.disabled || !isRegistered(client, request.redirectUri))
      throw accessDenied("The application or its redirect_uri was removed or disabled");
    requirePermission(client, "login");
    const links = this.#wayForward(request, client);
    if (question.until <= clock()) throw loginOver("This question is over", links);
    const session = await sessions.current(cookie);
    if (session?.sid !== question.sid) {
      throw new AuthflowError(403, "access_denied",
        "This question is for another login, which ended or belongs to another browser", { links });
    }
    return { client, request, session };
  }

  /** What a person can do who can't decide any more. */
  #wayForward(request: CheckedRequest, { name }: Client): Link[] {
    const { response } = this.#dependencies;
    return [
      { text: "Start again", href: this.#urlOf(request) },
      response.errorLink(request, accessDenied("The user did not decide"), `Back to ${name}`),
    ];
  }

  #urlOf(request: CheckedRequest): string {
    return standardUrl(this.#dependencies.publicUrl, request, request.standard);
  }

  /** The request of a user who wants to choose: without the hint at one account. */
  #otherAccount({ standard, ...request }: CheckedRequest): string {
    const { login_hint: _hint, ...hints } = request.hints;
    const prompt = [...new Set([...standard.prompts, "select_account"])].join(" ");
    return standardUrl(this.#dependencies.publicUrl, { ...request, hints }, standard, { prompt });
  }

  async #grant(request: CheckedRequest, session: Session): Promise<Finished> {
    const { codes, response, sessions } = this.#dependencies;
    const { sid, claims, facts } = session;
    const { scopes, resources, wanted, nonce } = request.standard;
    const code = await codes.issue(request, claims, { claims, sid, ...facts, scopes, resources, wanted, nonce });
    // After the code is stored: of a cut-off since the session was read, the code's exchange would not know.
    if (await sessions.hasEnded(session))
      throw loginRequired("The user was logged out meanwhile: start the login again");
    return { answer: response.code(request, code), code };
  }
}

const CONTEXT = "consent";

/** OpenID Connect Core §3.1.2.6 */
export const loginRequired = (description: string): AuthflowError =>
  new AuthflowError(403, "login_required", description);
