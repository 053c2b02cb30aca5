import { openIdProvider } from "./openid.js";

export const google = openIdProvider({ label: "Google", issuer: () => "https://accounts.google.com" });
