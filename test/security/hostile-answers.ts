import type { ServerResponse } from "node:http";
import * as bad from "../support/bad-replies.js";
import type { Lies } from "../support/lying-upstream.js";

export interface Hostile {
  lies: Lies;
  /** What the application receives (RFC 6749 §4.1.2.1). */
  error: "access_denied" | "server_error" | "temporarily_unavailable";
  /** Metadata and keys that are well-formed are kept for a while: as long the upstream's own logins fail. */
  lasts?: boolean;
}
type Place = "discovery" | "token" | "jwks" | "userinfo";

const PLACES: readonly Place[] = ["discovery", "token", "jwks", "userinfo"];
const HERE = "another port of this machine";
const REDIRECTS = {
  301: "http://169.254.169.254", 302: HERE, 303: "https://example.com", 307: HERE, 308: "http://10.0.0.1",
};
/** Without it the userinfo endpoint would not be asked. */
const asksUserinfo: Lies = { claims: (truth) => ({ ...truth, email: undefined }) };

const at = (place: Place, lie: NonNullable<Lies["token"]>): Lies =>
  ({ ...(place === "userinfo" && asksUserinfo), [place]: lie });

/** Answers that are wrong wherever they come. */
const REFUSED: Record<string, NonNullable<Lies["token"]>> = {
  "a page with status 200": bad.page(200),
  "a page with status 400": bad.page(400),
  "a page with status 404": bad.page(404),
  "a refusal with a long error code": bad.refusal(400, "x".repeat(100)),
  "a refusal whose error is an object": bad.refusal(401, { message: "x" }),
  "no content": () => (response: ServerResponse) => { response.writeHead(204).end(); },
  "an empty body": bad.text(() => ""),
  "JSON that is cut off": bad.text((canary) => `{"access_token":"${canary}`),
  "JSON with a __proto__": bad.text((canary) => `{"__proto__":{"sub":"${canary}"}}`),
  "JSON in endless depth": bad.text(() => "[".repeat(500_000)),
  "a list": bad.json((canary) => [canary]),
  "a text": bad.json((canary) => canary),
  "a number": bad.json(() => 1),
  "null": bad.json(() => null),
  "an empty object": bad.json(() => ({})),
};
const UNREACHABLE: Record<string, NonNullable<Lies["token"]>> = {
  "a page with status 500": bad.page(500),
  "a refusal with status 503": bad.refusal(503, "temporarily_unavailable"),
  "too many requests": bad.refusal(429, "slow_down"),
  "silence": bad.silence,
  "headers and then silence": bad.stall(),
  "a body that is cut off": bad.truncated,
  "a body of chunks that is cut off": bad.cutChunks,
  "a closed connection": bad.hangUp,
  "something that is not HTTP": bad.noHttp,
  "an endless header": bad.longHeader,
  "another protocol": bad.otherProtocol,
  "20 MB": bad.flood(20),
  "20 MB without a length": bad.chunkedFlood(20),
};

/** `elsewhere`: a server of the private network that nobody may ask. */
export function hostileAnswers(elsewhere: string): Record<string, Hostile> {
  const cases: Record<string, Hostile> = {};
  for (const place of PLACES) {
    for (const [name, lie] of Object.entries(REFUSED))
      cases[`${place}: ${name}`] = { lies: at(place, lie), error: "server_error" };
    for (const [name, lie] of Object.entries(UNREACHABLE))
      cases[`${place}: ${name}`] = { lies: at(place, lie), error: "temporarily_unavailable" };
    for (const [status, to] of Object.entries(REDIRECTS))
      cases[`${place}: a redirect ${status} to ${to}`] =
        { lies: at(place, bad.redirect(Number(status), to === HERE ? elsewhere : to)), error: "server_error" };
  }
  return cases;
}
