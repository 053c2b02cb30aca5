import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { SignJWT } from "jose";
import t from "../support/tap.js";
import { REDIRECT_URI, testApp } from "../support/app.js";
import * as bad from "../support/bad-replies.js";
import { certificates } from "../support/certificates.js";
import { type Lies, type LyingUpstream, lyingUpstreams } from "../support/lying-upstream.js";
import { listen, openIdSettings } from "../support/openid.js";
import { UserAgent } from "../support/user-agent.js";
import { text } from "./documents.js";

/** How each message of the table comes about. */
const SCENARIOS: Record<string, Lies> = {
  'names the issuer "…", but "…" is configured': { discovery: bad.changed({ issuer: "https://other.example" }) },
  "is not an https URL": { discovery: bad.changed({ jwks_uri: "http://other.example/keys" }) },
  "leads to an address that is not public": { discovery: bad.changed({ token_endpoint: "https://10.0.0.1/token" }) },
  "did not answer in time": { token: bad.silence },
  "the token endpoint answered 401 (error invalid_client": { token: bad.refusal(401, "invalid_client") },
  "the token endpoint returned no id_token": { token: bad.changed({ id_token: undefined }) },
  "id_token: it is not signed with RS, PS, ES or EdDSA": {
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(Buffer.alloc(32)),
  },
  "id_token: the provider's key set lacks the key that signed it": { jwks: () => ({ keys: [] }) },
  'id_token: iss is "…", but the provider is "…"': { claims: (truth) => ({ ...truth, iss: "https://other.example" }) },
  "id_token: iat is in the future": { claims: (truth) => ({ ...truth, iat: Number(truth.iat) + 120 }) },
  "id_token: nonce is not the one of this login": { claims: (truth) => ({ ...truth, nonce: undefined }) },
  "the userinfo endpoint returned another user": {
    claims: (truth) => ({ ...truth, email: undefined }), userinfo: () => ({ sub: "other" }),
  },
};

const [, table = ""] = text("docs/providers/openid.md").split("## Errors");
const rows = table.split("\n").flatMap((line) => (/^\| `/.test(line) ? [line.split("|")[1] as string] : []));
const messages = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message));
const isOfTls = (message: string): boolean => /CERT|SIGNATURE\)/.test(message);

const names = Object.keys(SCENARIOS).map((_, i) => `liar${i}`);
const { upstreams, settings } = await lyingUpstreams(t, names);
const app = await testApp(t, settings, { timing: { upstreamTimeout: 1000 } });
const { client_id } = await app.register();
const logIn = (name: string) => new UserAgent(app).open(
  `http://localhost:8080/auth/${name}?${new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI }).toString()}`);

await t.test("the page names these messages and no others", async (t) => {
  t.strictSame(messages.filter((message) => !isOfTls(message)).sort(), Object.keys(SCENARIOS).sort());
});

for (const [i, [message, lies]] of Object.entries(SCENARIOS).entries()) {
  await t.test(`the log says: ${message}`, async (t) => {
    const from = app.logs.length;
    const upstream = upstreams[i] as LyingUpstream;
    upstream.lies = lies;
    await logIn(upstream.name);
    const logged = app.logs.slice(from).map((line) => (JSON.parse(line) as { err?: { message: string } }).err?.message);
    t.ok(logged.some((one) => message.split("…").every((part) => one?.includes(part))), logged.join("\n"));
  });
}

await t.test("the log names a certificate that is not trusted", async (t) => {
  const made = certificates(t);
  if (made === undefined) return;
  const server = createServer({ cert: readFileSync(made.ca), key: readFileSync(made.ca.replace(/crt$/, "key")) });
  const issuer = `https://127.0.0.1:${await listen(t, server)}`;
  const strict = await testApp(t, openIdSettings("corp", issuer));
  const { client_id } = await strict.register();
  const query = new URLSearchParams({ client_id, redirect_uri: REDIRECT_URI });
  await new UserAgent(strict).open(`http://localhost:8080/auth/corp?${query.toString()}`);
  const [, code = ""] = /can't be reached (\([A-Z_]+\))/.exec(strict.logs.join("")) ?? [];
  t.ok(code !== "" && messages.some((message) => message.includes(code)), code);
});
