/** What the application is answered. */
const TOKEN = "token";
const ERROR = "server_error";
const UNSIGNED = "Authflow accepts signed ID tokens only (RFC 8725 §2.1).";

/** Modules in which the provider breaks a rule, so that Authflow has to refuse the login. In all others it succeeds. */
const FAULTS = [
  "invalid-iss", "missing-sub", "invalid-aud", "missing-iat", "idtoken-sig-none", "invalid-sig-rs256",
  "userinfo-invalid-sub", "nonce-invalid", "discovery-issuer-mismatch",
].map((fault) => `oidcc-client-test-${fault}`);
const expected = (module) => [FAULTS.includes(module) ? ERROR : TOKEN];

/** All claims that Authflow wants come from those in the ID token, so that it does not ask for userinfo. */
const CLAIMS_OF_ID_TOKEN = { AUTHFLOW_OIDC_SUITE_CLAIMS: "email=sub,email_verified=sub,name=sub" };
const parameters = (values) => ({ AUTHFLOW_OIDC_SUITE_AUTH_PARAMS: new URLSearchParams(values).toString() });

const STATIC_CLIENT = { request_type: "plain_http_request", client_registration: "static_client" };

const DISCOVERED = { server_metadata: "discovery", client_registration: "static_client" };

/**
 * The plans that are run. `role`: what Authflow is in them. `settings`: Authflow's. `expected`: what the walk of a
 * module has to return. `modules`: what is special about some, by name: further `settings`, other `expected`, how many
 * `logins`, whether the browser `stopsAtProvider`, the `reason` why a module is not passed.
 */
export const PLANS = [
  {
    name: "oidcc-client-basic-certification-test-plan",
    title: "Basic", role: "relying party", variant: STATIC_CLIENT, expected,
    modules: { "oidcc-client-test-idtoken-sig-none": { reason: UNSIGNED } },
  },
  {
    name: "oidcc-client-config-certification-test-plan",
    title: "Config", role: "relying party", expected,
    variant: { ...STATIC_CLIENT, client_auth_type: "client_secret_basic", response_mode: "default" },
    modules: {
      // These two end with the request that they are about. What a login does next would be an error to them.
      "oidcc-client-test-discovery-openid-config": { stopsAtProvider: true, expected: ["at the provider"] },
      "oidcc-client-test-discovery-jwks-uri-keys": { settings: CLAIMS_OF_ID_TOKEN },
      "oidcc-client-test-idtoken-sig-none": { reason: UNSIGNED },
      "oidcc-client-test-signing-key-rotation": { logins: 2, expected: [TOKEN, TOKEN] },
    },
  },
  {
    name: "oidcc-client-formpost-basic-certification-test-plan",
    title: "Form Post", role: "relying party", variant: STATIC_CLIENT, expected,
    settings: parameters({ response_mode: "form_post" }),
    modules: { "oidcc-client-test-idtoken-sig-none": { reason: UNSIGNED } },
  },
  { name: "oidcc-config-certification-test-plan", title: "Config", role: "provider" },
  { name: "oidcc-basic-certification-test-plan", title: "Basic", role: "provider", variant: DISCOVERED },
  {
    name: "oidcc-formpost-basic-certification-test-plan",
    title: "Form Post", role: "provider", variant: DISCOVERED,
  },
];
