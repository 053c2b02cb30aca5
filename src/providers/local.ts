import { authorizationUrl } from "./authorization-url.js";
import type { Identity } from "./identity.js";
import type { Client } from "../clients/client.js";
import { refuseUncheckable } from "./login-hints.js";
import type { Provider, ProviderSettings, UpstreamRequest } from "./provider.js";

/** The name of the platform's own login page, as a provider and in the claim `provider`. */
export const LOCAL = "local";
/** Its label where the operator gives none. */
export const UNNAMED = "your account";

/** What users call their account at a provider, such as "your GitHub account". */
export const accountAt = ({ label }: Pick<Provider, "label">): string =>
  (label === UNNAMED ? label : `your ${label} account`);

/** Asks the platform's login page who the user is, and knows what its backend has answered. */
export interface LoginPage {
  /** A text that stands for the login: only the platform's backend can read it. Throws invalid_request. */
  challenge(request: UpstreamRequest): string;
  /**
   * Whom the platform named, once. Rejects with the error that it named instead, or with UpstreamError if the code is
   * not that of this login.
   */
  identify(code: string, request: UpstreamRequest): Promise<Identity>;
}

/** The platform's own login page is a provider: its users' ids are subjects as they are. */
export const localProvider = ({ label = "", loginPage = "" }: ProviderSettings, page: LoginPage): Provider => ({
  name: LOCAL,
  label,
  authorizationUrl: async (request) => {
    const { max_age: _maxAge, prompt: _prompt, ...others } = request.hints;
    refuseUncheckable(others, "the login page"); // max_age and prompt are checked when the backend answers
    return authorizationUrl(request.asked.loginPage ?? loginPage, { login_challenge: page.challenge(request) });
  },
  identify: ({ code }, request) => page.identify(code, request),
});

/** The client's own login page; null: that of the deployment. */
export const loginPageOf = ({ policy }: Pick<Client, "policy">): string | null =>
  policy.login_url;
