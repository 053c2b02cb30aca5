import type { Client } from "../clients/client.js";
import type { ClientRegistry } from "../clients/registry.js";
import type { LoginPage } from "../providers/local.js";
import { oldestLogin } from "../providers/login-hints.js";
import type { UpstreamRequest } from "../providers/provider.js";
import { UpstreamError } from "../providers/upstream.js";
import { namesOfSubject, type RevocationState } from "../revocation/revocation-state.js";
import type { Clock } from "../shared/clock.js";
import { digest } from "../shared/digest.js";
import { accessDenied, AuthflowError, notFound } from "../shared/errors.js";
import { sweepAll } from "../shared/sweep.js";
import { type Acceptance, type Rejection, rejectionOf, userOf } from "./acceptance.js";
import { type ChallengeSealer, openAnswer, sealAnswer } from "./challenge-sealer.js";
import type { LoginAnswer, LoginChallenge, LoginChallengeStore } from "./login-challenge.js";
import { type PresentedChallenge, presentChallenge } from "./presentation.js";

/** Where to send the browser. */
export interface Onward { redirect_to: string }

interface Dependencies {
  store: LoginChallengeStore;
  sealer: ChallengeSealer;
  clients: ClientRegistry;
  state: Pick<RevocationState, "hasRevoked">;
  clock: Clock;
  loginProviders: readonly string[];
}

/** Logins at the platform's own login page, from the challenge to what its backend answers. */
export class LoginChallenges implements LoginPage {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  challenge({ state, redirectUri, hints, startedAt, expiresAt, asked }: UpstreamRequest): string {
    const { clientId, scopes, resources } = asked;
    const { hd: _hd, domain_hint: _domain, ...others } = hints;
    return this.#dependencies.sealer.seal({
      state, redirectUri, clientId, hints: others, scopes, resources, startedAt, expiresAt,
    });
  }

  /** What the login page is asked. Rejects with 404, or with 410 if the challenge is used or expired. */
  async read(client: Client, challenge: string): Promise<PresentedChallenge> {
    const login = this.#open(challenge);
    const answered = await this.#dependencies.store.find(digest(login.state));
    if (answered !== null) {
      const onward = answered.clientId === client.id ? this.#onward(login).redirect_to : startOf(login);
      throw gone("This login was answered before", onward);
    }
    const asking = await this.#dependencies.clients.lookUp(login.clientId);
    if (asking === null || asking.disabled) throw gone("The application was removed or disabled", startOf(login));
    return presentChallenge(login, asking);
  }

  /** Says who logged in. The same call again gets the same answer, whatever its auth_time. */
  async accept(client: Client, challenge: string, acceptance: Acceptance): Promise<Onward> {
    const { clock, loginProviders } = this.#dependencies;
    const login = this.#open(challenge);
    const oldest = oldestLogin(login.hints, login.startedAt);
    const identity = userOf(client, acceptance, { loginProviders, now: clock(), oldest });
    const { auth_time: _time, ...same } = acceptance;
    return this.#answer(client, login, { identity, at: clock() }, ["accept", same]);
  }

  /** Says that nobody logged in, and why. */
  async reject(client: Client, challenge: string, rejection: Rejection): Promise<Onward> {
    return this.#answer(client, this.#open(challenge), rejectionOf(rejection), ["reject", rejection]);
  }

  async identify(code: string, { state, asked }: UpstreamRequest) {
    const { store, clients, state: revocations } = this.#dependencies;
    const stateHash = digest(state);
    const stored = await store.find(stateHash);
    if (stored?.answer === undefined)
      throw new UpstreamError("untrustworthy", "the login page has not answered this login, or the answer was used");
    const answer = openAnswer(code, stateHash, stored.answer);
    if (answer === undefined)
      throw new UpstreamError("untrustworthy", "the code is not the one that the login page was given for this login");
    if (!await store.take(stateHash))
      throw new UpstreamError("untrustworthy", "the login page's answer was used at this moment");
    if ("error" in answer) throw new AuthflowError(403, answer.error, answer.description);
    const platform = await clients.lookUp(stored.clientId);
    if (platform === null || platform.disabled || !platform.permissions.includes("authenticate"))
      throw accessDenied("The platform's client may not say any more who logged in: start the login again");
    const { identity, at } = answer;
    if (await revocations.hasRevoked(namesOfSubject(identity.subject, asked.clientId), at))
      throw accessDenied("The user was logged out since: start the login again");
    return identity;
  }

  /** Deletes answers whose logins expired before an instant; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#dependencies.store.sweep(before, limit));
  }

  #open(challenge: string): LoginChallenge {
    const { sealer, clock } = this.#dependencies;
    const login = sealer.open(challenge);
    if (login === undefined)
      throw notFound("There is no such login: send the value of login_challenge as the page received it");
    if (login.expiresAt <= clock())
      throw gone(`This login has expired, at ${new Date(login.expiresAt).toISOString()}`, startOf(login));
    return login;
  }

  async #answer(client: Client, login: LoginChallenge, answer: LoginAnswer, request: unknown): Promise<Onward> {
    const { store, sealer } = this.#dependencies;
    const { state, expiresAt } = login;
    const [stateHash, requestHash] = [digest(state), digest(JSON.stringify(request))];
    const sealed = sealAnswer(sealer.codeFor(state), stateHash, answer);
    const kept = await store.answer({ stateHash, clientId: client.id, requestHash, answer: sealed, expiresAt });
    if (kept.clientId === client.id && kept.requestHash === requestHash) return this.#onward(login);
    throw new AuthflowError(409, "invalid_request", "This login was answered before, and differently. To answer " +
      "something else, send the browser to redirect_to: the person can start again there",
      { redirectTo: startOf(login) });
  }

  #onward({ redirectUri, state }: LoginChallenge): Onward {
    const query = new URLSearchParams({ code: this.#dependencies.sealer.codeFor(state), state });
    return { redirect_to: `${redirectUri}?${query.toString()}` };
  }
}

/** A page of Authflow from which the browser of the login can start again, or go back to the application. */
const startOf = ({ redirectUri, state }: LoginChallenge): string =>
  `${redirectUri}?${new URLSearchParams({ state }).toString()}`;

const gone = (what: string, redirectTo: string): AuthflowError =>
  new AuthflowError(410, "invalid_request", `${what}: send the browser to redirect_to`, { redirectTo });
