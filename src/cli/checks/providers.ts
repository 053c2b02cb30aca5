import { LOCAL } from "../../providers/local.js";
import { connectProvider } from "../../providers/table.js";
import { reason } from "../../shared/loggable-error.js";
import type { Check, Finding } from "./check.js";

/** Does the first step of a login with each provider: fetches its metadata and builds the authorization URL. */
export const checkProviders: Check = async ({ providers, publicUrl }, { drivers, clock }) => {
  if (providers.length === 0) return [["ok", "no login provider is switched on: tokens come from POST /mint alone"]];
  const upstreams = await drivers.connectUpstreams();
  return Promise.all(providers.map(async (settings): Promise<Finding> => {
    if (settings.name === LOCAL) return ["ok", `logins through your login page are on: ${settings.loginPage}`];
    const redirectUri = `${publicUrl}/auth/${settings.name}/callback`;
    try {
      const provider = connectProvider(settings, upstreams, clock);
      await provider.authorizationUrl({
        state: "", nonce: "", codeVerifier: "", codeChallenge: "", redirectUri, hints: {}, startedAt: clock(),
        expiresAt: clock(), asked: { clientId: "", loginPage: null, scopes: [], resources: [] },
      });
      return ["ok", `logins through ${provider.label} are on: its console must list the callback URL ${redirectUri}`];
    } catch (error) {
      return ["fail", `logins through ${settings.name} don't work (${reason(error)}): check its settings ` +
        "and that this machine may call it"];
    }
  }));
};
