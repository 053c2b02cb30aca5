import { openIdProvider } from "./openid.js";
import type { ProviderDefinition } from "./provider.js";

/** Any OpenID provider, known by its issuer URL and a name that the operator gave it: "my-corp" is shown as "My Corp". */
export const openIdIssuer = (name: string): ProviderDefinition => openIdProvider({
  label: name.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" "),
  issuer: ({ issuer }) => issuer ?? "",
});
