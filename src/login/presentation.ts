import type { Client } from "../clients/client.js";
import { oldestLogin } from "../providers/login-hints.js";
import { LOCAL } from "../providers/local.js";
import type { LoginChallenge } from "./login-challenge.js";

/** What the login page is asked, as its backend sees it. Times are seconds, instants are RFC 3339. */
export interface PresentedChallenge {
  client: {
    client_id: string;
    client_name: string;
    logo_uri?: string;
    /** False: nobody whom the operator trusts registered it. */
    first_party: boolean;
  };
  provider: string;
  scope: string;
  resource: string[];
  prompt?: string;
  max_age?: number;
  login_hint?: string;
  ui_locales?: string;
  acr_values?: string;
  /** What follows from prompt and max_age: the earliest auth_time that is accepted, seconds since 1970. */
  min_auth_time?: number;
  created_at: string;
  expires_at: string;
}

export function presentChallenge(challenge: LoginChallenge, client: Client): PresentedChallenge {
  const { hints: { prompt, max_age, login_hint, ui_locales, acr_values }, scopes, resources } = challenge;
  const { startedAt, expiresAt } = challenge;
  const oldest = oldestLogin(challenge.hints, startedAt);
  return {
    client: {
      client_id: client.id,
      client_name: client.name,
      ...(client.logoUri !== null && { logo_uri: client.logoUri }),
      first_party: !client.isSelfRegistered,
    },
    provider: LOCAL,
    scope: scopes.join(" "),
    resource: resources,
    ...(prompt !== undefined && { prompt }),
    ...(max_age !== undefined && { max_age: Number(max_age) }),
    ...(login_hint !== undefined && { login_hint }),
    ...(ui_locales !== undefined && { ui_locales }),
    ...(acr_values !== undefined && { acr_values }),
    ...(oldest !== undefined && { min_auth_time: Math.max(0, Math.floor(oldest / 1000)) }),
    created_at: new Date(startedAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
  };
}
