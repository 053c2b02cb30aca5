export const REDIRECT_URI = "https://app.example.com/callback";
/** What a client of the tests may do where the test does not say. */
const EVERYTHING = ["mint", "login", "introspect:any", "feed", "revoke:any"];

/** The body of POST /clients; `changes` replace its members. */
export const registration = (changes: Record<string, unknown> = {}) => ({
  name: "my-app", redirect_uri: REDIRECT_URI,
  ...(changes.token_endpoint_auth_method !== "none" && { permissions: EVERYTHING }),
  ...changes,
});
