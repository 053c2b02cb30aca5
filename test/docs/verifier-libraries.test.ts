import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "../support/tap.js";
import { freePort } from "../support/ports.js";
import { ROOT } from "../support/root.js";
import { serve } from "../support/serve.js";
import { sqlite } from "../support/services.js";
import { ADMIN, asAdmin, until } from "../e2e/support.js";
import { claimsOf, headerOf, newKey, pem, signed } from "./forged-tokens.js";
import { post } from "./post.js";
import { findPrograms, LANGUAGES } from "./verifier-libraries.js";
import { startVerifier, type Verifier } from "./verifiers.js";

type Named<Value> = Record<string, Value>;
/** For each library: the name of each token, and why it was refused; null if it was accepted. */
type Answer = Named<Named<string | null>>;

const TYPES = ["JWT", "at+jwt"];
/** Columns of the table in docs/verifying.md: those with `yes` are about libraries that accept one of these tokens. */
const COLUMNS = {
  "`JWT`": ["JWT"],
  "`at+jwt`": ["at+jwt"],
  "without `aud`": TYPES.map((type) => `${type} without aud`),
  // Between no leeway or a few seconds, and a minute: half a minute is far from both.
  "expired 30 s ago": TYPES.map((type) => `${type} that expired 30 s ago`),
};
const cellsOf = (cell: (title: string, tokens: string[]) => string | undefined): Named<string | undefined> =>
  Object.fromEntries(Object.entries(COLUMNS).map(([title, tokens]) => [title, cell(title, tokens)]));

/** The rows of that table, by the titles of its columns. */
function documented(): Named<string>[] {
  const lines = readFileSync(join(ROOT, "docs/verifying.md"), "utf8").split("\n");
  const start = lines.findIndex((line) => line.startsWith("| language | verifier |"));
  const [titles = [], , ...rows] = lines.slice(start, lines.indexOf("", start))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return rows.map((cells) => Object.fromEntries(titles.map((title, i) => [title, cells[i] ?? ""])));
}

const foreignKey = newKey();

/** Authflow with this issuer (its own URL if there is none), and one client of it. */
async function authflow(issuer?: string) {
  const [PORT, key, DATABASE_URL] = [String(await freePort()), newKey(), sqlite(t)];
  const env = { DATABASE_URL, AUTHFLOW_ADMIN_TOKEN: ADMIN, AUTHFLOW_ISSUER: issuer ?? `http://localhost:${PORT}` };
  const { url } = await serve(t, { ...env, PORT, AUTHFLOW_SIGNING_KEY: pem(key) });
  const registration = { name: "libraries", redirect_uri: "https://docs.example/callback" };
  const { client_id = "", client_secret } = await post(`${url}/clients`, registration);

  async function mint(type: string, audience?: string): Promise<string> {
    const policy = { at_jwt_audiences: type === "at+jwt" ? ["shop", "other"] : null };
    const headers = { ...asAdmin, "content-type": "application/json" };
    await fetch(`${url}/clients/${client_id}`, { method: "PATCH", headers, body: JSON.stringify({ policy }) });
    const { access_token = "" } = await post(`${url}/mint`, { client_id, client_secret, sub: "alice", audience });
    return access_token;
  }

  async function tokens(): Promise<Named<string>> {
    const tokens: Named<string> = {};
    for (const type of TYPES) {
      const token = await mint(type, "shop");
      const [header, claims] = [headerOf(token), claimsOf(token)];
      const { aud: _aud, ...forAll } = claims;
      const now = Math.floor(Date.now() / 1000);
      Object.assign(tokens, {
        [type]: token,
        // A real one has the type JWT. Verifiers that insist on at+jwt are asked about the audience too.
        [`${type} without aud`]: type === "JWT" ? await mint(type) : signed(header, forAll, key),
        [`${type} that expired 30 s ago`]: signed(header, { ...claims, iat: now - 90, exp: now - 30 }, key),
        [`${type} for another service`]: await mint(type, "other"),
        [`${type} of another issuer`]: signed(header, { ...claims, iss: "https://other.example" }, key),
        [`${type} of another key`]: signed(header, claims, foreignKey),
      });
    }
    return tokens;
  }

  const JWKS_URI = `${url}/.well-known/jwks.json`;
  const jwks = async () => await (await fetch(JWKS_URI)).json() as { keys: { kid: string }[] };
  /** What a program says about tokens, with the keys that the server has now. */
  const ask = async (program: Verifier, tokens: Named<string>): Promise<Answer> =>
    JSON.parse(await program.ask(JSON.stringify({ jwks: await jwks(), tokens }))) as Answer;

  return {
    env: { JWKS_URI, ISSUER: env.AUTHFLOW_ISSUER, AUDIENCE: "shop", CLIENT_ID: client_id },
    jwks,

    async judged(program: Verifier): Promise<Answer> {
      for (;;) {
        const began = performance.now();
        const answer = await ask(program, await tokens());
        // If it took longer, a token has expired for so long that also a leeway of a minute would refuse it.
        if (performance.now() - began < 25_000) return answer;
      }
    },

    /** Signs with another key from now on, as one does whose operator gives a replica another key. */
    async changeKey(): Promise<void> {
      const before = headerOf(await mint("JWT")).kid;
      await serve(t, { ...env, AUTHFLOW_PUBLIC_URL: url, AUTHFLOW_SIGNING_KEY: pem(newKey()) });
      await until("it signs with the other key", async () => headerOf(await mint("JWT")).kid !== before);
    },

    judgedNew: async (program: Verifier): Promise<Answer> =>
      ask(program, { JWT: await mint("JWT", "shop"), "at+jwt": await mint("at+jwt", "shop") }),
  };
}

const rows = documented();
t.strictSame([...new Set(rows.map(({ language }) => language))], Object.keys(LANGUAGES));
const commands = await findPrograms(t);
const [withUrl, withName] = [await authflow(), await authflow("authflow-go")];
// Some verifiers add this to the address that they are given.
const withQuery = `${withName.env.JWKS_URI}?kid=${(await withName.jwks()).keys[0]?.kid}`;
const programs: Verifier[] = [];

for (const [language, command] of Object.entries(commands)) {
  const start = (env: Named<string>): Promise<Verifier> =>
    startVerifier(t, language, command, env, JSON.stringify({ jwks: { keys: [] }, tokens: {} }));
  const [program, other] = [await start(withUrl.env), await start({ ...withName.env, JWKS_URI: withQuery })];
  programs.push(program);
  const [answers, answersToName] = [await withUrl.judged(program), await withName.judged(other)];

  await t.test(language, async (t) => {
    const ofLanguage = rows.filter((row) => row.language === language);
    t.same(ofLanguage.map(({ verifier = "" }) => verifier).sort(), Object.keys(answers).sort(), "the table has each");
    for (const row of ofLanguage) {
      const { verifier = "" } = row;
      const expected = cellsOf((title) => row[title]);
      for (const [issuer, answer = {}, cells] of [
        ["its URL", answers[verifier], expected],
        ["a name", answersToName[verifier], row["issuer is not a URL"] === "yes" ? expected : cellsOf(() => "no")],
      ] as const) {
        const measured = cellsOf((_title, tokens) => tokens.some((token) => answer[token] === null) ? "yes" : "no");
        t.strictSame(measured, cells, `${verifier} is as the table says; the issuer is ${issuer}`, { answer });
        for (const token of Object.keys(answer).filter((name) => / another /.test(name))) {
          t.type(answer[token], "string", `${verifier} refuses a token ${token}`);
        }
      }
    }
  });
}

await t.test("a new key", async (t) => {
  await withUrl.changeKey();
  for (const program of programs) {
    const answers = await withUrl.judgedNew(program);
    for (const { language, verifier = "", "a new key": when = "" } of rows) {
      if (language !== program.language || !/^at once|^you fetch/.test(when)) continue;
      t.ok(Object.values(answers[verifier] ?? {}).includes(null), `${verifier} takes it at once`);
    }
  }
});
