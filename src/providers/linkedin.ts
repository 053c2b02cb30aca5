import { openIdProvider } from "./openid.js";

/** LinkedIn returns no nonce, refuses a code_verifier, and accepts a client's credentials in the body only. */
export const linkedin = openIdProvider({
  label: "LinkedIn",
  issuer: () => "https://www.linkedin.com/oauth",
  authentication: "client_secret_post",
  nonce: false,
  pkce: false,
});
