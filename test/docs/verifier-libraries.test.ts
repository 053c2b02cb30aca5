import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "../support/tap.js";
import { ROOT } from "../support/root.js";
import { serve } from "../support/serve.js";
import { sqlite } from "../support/services.js";
import { claimsOf, headerOf, newKey, pem, signed } from "./forged-tokens.js";
import { post } from "./post.js";

type Verify = (token: string) => unknown;
type Create = (options: { jwksUri: string; issuer: string; audience: string }) => Record<string, Verify>;
const { verifierLibraries } = await import(join(ROOT, "test/docs/verifier-libraries.mjs")) as
  { verifierLibraries: Create };

const key = newKey();
const server = await serve(t, { DATABASE_URL: sqlite(t), AUTHFLOW_SIGNING_KEY: pem(key) });
const registration = { name: "libraries", redirect_uri: "https://docs.example/callback" };
const { client_id, client_secret } = await post(`${server.url}/clients`, registration);
const mint = async (more = {}): Promise<string> => {
  const { access_token = "" } = await post(`${server.url}/mint`, { client_id, client_secret, sub: "alice", ...more });
  return access_token;
};
const token = await mint({ audience: "shop" });
const [header, claims] = [headerOf(token), claimsOf(token)];
/** In the order of the table's columns. */
const TOKENS = {
  "of the type JWT": token,
  "of the type at+jwt": signed({ ...header, typ: "at+jwt" }, claims, key),
  "without aud": await mint(),
  // Between no leeway or a few seconds, and a minute: half a minute is far from both.
  "that expired 30 s ago": signed(header, { ...claims, exp: Math.floor(Date.now() / 1000) - 30 }, key),
};

/** Rows of the table in docs/verifying.md whose column "tested" says yes, as `name: cells`. */
const documented = Object.fromEntries(
  readFileSync(join(ROOT, "docs/verifying.md"), "utf8").split("\n")
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
    .filter((cells) => cells[Object.keys(TOKENS).length + 1] === "yes")
    .map(([name = "", ...cells]) => [name, cells.slice(0, Object.keys(TOKENS).length)]),
);

for (const query of ["", `?kid=${header.kid as string}`]) {
  const jwksUri = `${server.url}/.well-known/jwks.json${query}`;
  const libraries = verifierLibraries({ jwksUri, issuer: "authflow-go", audience: "shop" });
  t.strictSame(Object.keys(libraries), Object.keys(documented), "every row that says so is tested");
  for (const [name, verify] of Object.entries(libraries)) {
    await t.test(`${name}${query && ", with ?kid= at the JWKS address"}`, async (t) => {
      const reasons: string[] = [];
      const accepts = async (token: string): Promise<string> => {
        try {
          await verify(token);
          return "yes";
        } catch (error) {
          reasons.push(String(error));
          return "no";
        }
      };
      const measured = [];
      for (const token of Object.values(TOKENS)) measured.push(await accepts(token));
      t.strictSame(measured, documented[name], `is as the table says; it said: ${reasons.join("; ")}`);
      t.equal(await accepts(signed(header, claims, newKey())), "no", "refuses the signature of another key");
      t.equal(await accepts(await mint({ audience: "other" })), "no", "refuses a token for another service");
    });
  }
}
