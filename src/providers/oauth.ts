import { authorizationUrl } from "./authorization-url.js";
import { accessTokenFrom } from "./claims.js";
import type { Identity } from "./identity.js";
import { refuseUncheckable } from "./login-hints.js";
import type { ProviderDefinition, ProviderSettings } from "./provider.js";
import { type Preset, type TokenAuthentication, UpstreamError } from "./upstream.js";

interface Traits {
  label: string;
  preset: Preset;
  scope: string;
  authentication: TokenAuthentication;
  /** Reads the user from the provider's API; `get` and `getList` send the access token. */
  identify: (api: Api) => Promise<Identity>;
}
export interface Api {
  get: (url: string) => Promise<Record<string, unknown>>;
  /** Empty if the API refuses: a list only enriches the user. */
  getList: (url: string) => Promise<Record<string, unknown>[]>;
  accessToken: string;
  settings: ProviderSettings;
}

const isObject = (item: unknown): item is Record<string, unknown> => typeof item === "object" && item !== null;

/** A provider that implements OAuth 2.0 but not OpenID Connect: the user comes from the provider's own API. */
export const oauthProvider = ({ label, preset, scope, authentication, identify }: Traits): ProviderDefinition => ({
  label,
  connect(settings, connectUpstream) {
    const { name, clientId, clientSecret, authorizationParameters = {} } = settings;
    const upstream = connectUpstream();
    const { authorization_endpoint, token_endpoint } = upstream.endpoints(preset);
    return {
      name,
      label,
      authorizationUrl: async ({ state, codeChallenge, redirectUri, hints }) => {
        refuseUncheckable(hints, label);
        return authorizationUrl(authorization_endpoint, {
          ...hints, ...authorizationParameters,
          response_type: "code", client_id: clientId, redirect_uri: redirectUri, scope: settings.scope ?? scope, state,
          code_challenge: codeChallenge, code_challenge_method: "S256",
        });
      },
      identify: async ({ code }, { codeVerifier, redirectUri }) => {
        const answer = await upstream.requestToken({
          endpoint: token_endpoint, clientId, clientSecret, authentication,
          parameters: { code, redirect_uri: redirectUri, code_verifier: codeVerifier },
        });
        const accessToken = accessTokenFrom(answer);
        return identify({
          accessToken, settings,
          get: (url) => upstream.getJson(url, { bearerToken: accessToken }),
          getList: async (url) => {
            const list = await upstream.getDocument(url, { bearerToken: accessToken }).catch((error: unknown) => {
              if (!(error instanceof UpstreamError)) throw error;
              upstream.ignore(error);
            });
            return Array.isArray(list) ? list.filter(isObject) : [];
          },
        });
      },
    };
  },
});
