import { openIdProvider } from "./openid.js";

export const gitlab = openIdProvider({ label: "GitLab", issuer: () => "https://gitlab.com" });
