import { accessTokenFrom } from "./claims.js";
import type { Identity } from "./identity.js";
import type { ProviderDefinition, ProviderSettings } from "./provider.js";
import type { OAuthClientOptions, Preset } from "./upstream.js";

interface Traits {
  label: string;
  preset: Preset;
  scope: string;
  authentication: OAuthClientOptions["authentication"];
  /** Reads the user from the provider's API; `get` and `getList` send the access token. */
  identify: (api: Api) => Promise<Identity>;
}
export interface Api {
  get: (url: string) => Promise<Record<string, unknown>>;
  getList: (url: string) => Promise<Record<string, unknown>[]>;
  accessToken: string;
  settings: ProviderSettings;
}

const isObject = (item: unknown): item is Record<string, unknown> => typeof item === "object" && item !== null;

/** A provider that implements OAuth 2.0 but not OpenID Connect: the user comes from the provider's own API. */
export const oauthProvider = ({ label, preset, scope, authentication, identify }: Traits): ProviderDefinition => ({
  label,
  connect(settings, connectUpstream) {
    const { name, clientId, clientSecret } = settings;
    const upstream = connectUpstream();
    const client = upstream.oauthClient({ clientId, clientSecret, endpoints: preset, authentication });
    return {
      name,
      label,
      authorizationUrl: async ({ state, codeChallenge, redirectUri }) => client.authorizeURL({
        redirect_uri: redirectUri, scope: settings.scope ?? scope, state,
        code_challenge: codeChallenge, code_challenge_method: "S256",
      }),
      identify: async ({ code }, { codeVerifier, redirectUri }) => {
        const answer = await client.getToken({ code, redirect_uri: redirectUri, code_verifier: codeVerifier });
        const accessToken = accessTokenFrom(answer);
        return identify({
          accessToken, settings,
          get: (url) => upstream.getJson(url, accessToken),
          getList: async (url) => {
            const list = await upstream.getDocument(url, accessToken);
            return Array.isArray(list) ? list.filter(isObject) : [];
          },
        });
      },
    };
  },
});
