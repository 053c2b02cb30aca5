import { openIdProvider } from "./openid.js";
import type { ProviderDefinition } from "./provider.js";

/** An OpenID provider from AUTHFLOW_OIDC_PROVIDERS. Its label follows from its name: "my-corp" becomes "My Corp". */
export const openIdIssuer = (name: string): ProviderDefinition => openIdProvider({
  label: name.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" "),
  issuer: ({ issuer }) => issuer ?? "",
});
