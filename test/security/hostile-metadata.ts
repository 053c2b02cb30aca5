import * as bad from "../support/bad-replies.js";
import { type Json, type Lies, type LyingUpstream, PUBLIC_JWK } from "../support/lying-upstream.js";
import type { Hostile } from "./hostile-answers.js";

/** The log names it, because an operator has to compare it with the right one. */
export const OTHER_ISSUER = "https://other-issuer-01.example";

const discovery = (change: (truth: Json, upstream: LyingUpstream) => Json): Lies =>
  ({ discovery: (truth, upstream) => ({ ...truth, ...change(truth, upstream) }) });
const userinfo = (change: (truth: Json, canary: string) => Json): Lies => ({
  claims: (truth) => ({ ...truth, email: undefined }),
  userinfo: (truth, { canary }) => change(truth, canary),
});
const keys = (...keys: unknown[]): Lies => ({ jwks: () => ({ keys }) });
type Parameters = Record<string, string>;
const response = (change: (truth: Parameters, canary: string) => Parameters, promised = false): Lies => ({
  response: (truth, { canary }) => change(truth, canary),
  ...(promised && discovery(() => ({ authorization_response_iss_parameter_supported: true }))),
});
const refused = (error: string): Lies =>
  response(({ state = "" }, canary) => ({ state, error, error_description: canary }));

/** Where an upstream may not lead Authflow. `port`: of a server on this machine that nobody may ask. */
const targets = (port: string): Record<string, (canary: string, truth: string) => string> => ({
  "the metadata service": (canary) => `http://169.254.169.254/${canary}`,
  "the metadata service by https": (canary) => `https://169.254.169.254/${canary}`,
  "another port of this machine": (canary) => `http://127.0.0.1:${port}/${canary}`,
  "another port of this machine by https": (canary) => `https://127.0.0.1:${port}/${canary}`,
  "another port under the issuer's own host name": (canary) => `http://localhost:${port}/${canary}`,
  "a name that resolves to a private address": (canary) => `https://localhost:${port}/${canary}`,
  "an address as a number": (canary) => `https://2130706433:${port}/${canary}`,
  "an IPv6 loopback address": (canary) => `https://[::1]:${port}/${canary}`,
  "a mapped IPv4 address": (canary) => `https://[::ffff:10.0.0.1]/${canary}`,
  "a path that is a host": (canary, truth) => `${new URL(truth).origin}//169.254.169.254/${canary}`,
  "a file": (canary) => `file:///etc/passwd?${canary}`,
  "a script": (canary) => `javascript:alert("${canary}")`,
  "no URL": (canary) => canary,
});

const METADATA: Record<string, Lies> = {
  "discovery names another issuer": discovery(() => ({ issuer: OTHER_ISSUER })),
  "discovery names an issuer with one slash more": discovery(({ issuer }) => ({ issuer: `${String(issuer)}/` })),
  "discovery names no issuer": discovery(() => ({ issuer: undefined })),
  "discovery leaves out the token endpoint": discovery(() => ({ token_endpoint: undefined })),
  "discovery lists endpoints": discovery(({ jwks_uri }, { canary }) => ({ jwks_uri: [jwks_uri, canary] })),
  "discovery sends the browser to a script":
    discovery((_, { canary }) => ({ authorization_endpoint: `javascript:${canary}` })),
  "userinfo speaks of another user": userinfo((truth, canary) => ({ ...truth, sub: `${canary}-other` })),
  "userinfo names no user": userinfo((truth) => ({ ...truth, sub: undefined })),
  "userinfo numbers the user": userinfo((truth) => ({ ...truth, sub: 1 })),
  "the token endpoint gives no id_token": { token: bad.changed({ id_token: undefined }) },
  "the token endpoint gives an id_token that is no text":
    { token: (truth) => ({ ...truth, id_token: [truth.id_token] }) },
  "the token endpoint gives no access token where userinfo is needed":
    { ...userinfo((truth) => truth), token: bad.changed({ access_token: 1 }) },
  "the answer lacks the iss that was promised": response((truth) => truth, true),
  "the answer names another provider": response((truth) => ({ ...truth, iss: OTHER_ISSUER })),
  "the answer names another provider, and iss was promised":
    response((truth) => ({ ...truth, iss: OTHER_ISSUER }), true),
  "the answer's error is a script": refused("<script>alert(1)</script>"),
  "the answer's error breaks lines": refused("a\r\nLocation: https://example.com\r\n\r\n\u2028\u202e{\"level\":60}"),
  "the answer refuses the scope": refused("invalid_scope"),
  "the answer is an upstream's own fault": refused("server_error"),
};
const KEY_SETS: Record<string, Lies> = {
  "the key set is empty": keys(),
  "the key set lacks the key": keys({ ...PUBLIC_JWK, kid: "another" }),
  "the key is of an unknown kind": keys({ ...PUBLIC_JWK, kty: "unknown" }),
  "the key is symmetric": keys({ kty: "oct", k: PUBLIC_JWK.n, kid: "the-key", alg: "RS256" }),
  "the key is too short": keys({ ...PUBLIC_JWK, n: PUBLIC_JWK.n?.slice(0, 86) }),
  "the key is broken": keys({ ...PUBLIC_JWK, n: "!", e: "?" }),
  "the key is for encryption": keys({ ...PUBLIC_JWK, use: "enc" }),
  "the keys are no list": { jwks: (_, { canary }) => ({ keys: canary }) },
  "a key is no object": keys(null, "a key"),
};

export function hostileMetadata(port: string): Record<string, Hostile> {
  const cases: Record<string, Hostile> = {
    "the person cancels": { lies: refused("access_denied"), error: "access_denied" },
    "the person cancels in LinkedIn's words": { lies: refused("user_cancelled_login"), error: "access_denied" },
    "the upstream says that it is out of order":
      { lies: refused("temporarily_unavailable"), error: "temporarily_unavailable" },
  };
  for (const [name, lies] of Object.entries(METADATA))
    cases[name] = { lies, error: "server_error", lasts: name.includes("promised") };
  for (const [name, lies] of Object.entries(KEY_SETS)) cases[name] = { lies, error: "server_error", lasts: true };
  for (const [name, target] of Object.entries(targets(port))) {
    for (const endpoint of ["token_endpoint", "jwks_uri", "userinfo_endpoint"]) {
      const lies = discovery((truth, { canary }) => ({ [endpoint]: target(canary, String(truth[endpoint])) }));
      // Without an address in the ID token, the userinfo endpoint is asked.
      cases[`${endpoint} is ${name}`] =
        { lies: { ...userinfo((truth) => truth), ...lies }, error: "server_error", lasts: true };
    }
  }
  return cases;
}
