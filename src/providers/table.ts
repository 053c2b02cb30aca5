import { apple } from "./apple.js";
import { discord } from "./discord.js";
import { facebook } from "./facebook.js";
import { github } from "./github.js";
import { gitlab } from "./gitlab.js";
import { google } from "./google.js";
import { linkedin } from "./linkedin.js";
import { LOCAL } from "./local.js";
import { microsoft } from "./microsoft.js";
import { openIdIssuer } from "./openid-issuer.js";
import type { Provider, ProviderSettings } from "./provider.js";
import type { ConnectUpstream } from "./upstream.js";

/** Every provider with a name of its own. <NAME>_CLIENT_ID and the other variables of its page enable it. */
export const NAMED_PROVIDERS = { google, github, microsoft, gitlab, discord, facebook, linkedin, apple };

export type ProviderName = keyof typeof NAMED_PROVIDERS;
export const PROVIDER_NAMES = Object.keys(NAMED_PROVIDERS) as ProviderName[];
export const isNamedProvider = (name: string): name is ProviderName => Object.hasOwn(NAMED_PROVIDERS, name);

/**
 * Names of the providers whose logins get the subject `<provider>|<id>`. They include the named providers that are not
 * enabled: otherwise a token minted before a provider is enabled could have the subject of a later login.
 */
export const loginProviders = (configured: readonly ProviderSettings[]): string[] =>
  [...new Set([...PROVIDER_NAMES, ...configured.map(({ name }) => name)])].filter((name) => name !== LOCAL);

/** The subject of a login. The platform's own users have theirs as in POST /mint. */
export const subjectOf = (provider: string, id: string): string => (provider === LOCAL ? id : `${provider}|${id}`);

/** Any provider but LOCAL, which is no upstream. */
export function connectProvider(settings: ProviderSettings, upstream: ConnectUpstream, clock: () => number): Provider {
  const { name } = settings;
  return (isNamedProvider(name) ? NAMED_PROVIDERS[name] : openIdIssuer(name)).connect(settings, upstream, clock);
}
